package org.nvlink2vmm.dt.fuzz;

import java.util.Arrays;
import org.nvlink2vmm.dt.dts.DtsException;
import org.nvlink2vmm.dt.dts.DtsLimits;
import org.nvlink2vmm.dt.dts.DtsReader;
import org.nvlink2vmm.dt.dts.DtsWriter;
import org.nvlink2vmm.dt.fdt.FdtException;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** Each method throws for an input only if a reader or writer is wrong. */
final class AnyInput {
  private AnyInput() {}

  /** A blob is refused with its own exception, or its tree comes back from blob and text. */
  static void asBlob(byte[] input) {
    DeviceTree tree;
    try {
      tree = FdtReader.read(input);
    } catch (FdtException e) {
      require(e.offset() >= 0 && e.offset() <= input.length, "The offset lies in the input");
      require(e.getMessage().length() < 600, "The message has bearable length");
      return;
    }
    byte[] blob = FdtWriter.bytes(tree);
    require(Arrays.equals(blob, FdtWriter.bytes(FdtReader.read(blob))), "The blob comes back");
    textOf(tree);
  }

  /** A text is refused with its own exception, or its tree comes back from blob and text. */
  static void asText(byte[] input) {
    DeviceTree tree;
    try {
      tree = DtsReader.read("fuzz.dts", input, DtsLimits.DEFAULT);
    } catch (DtsException e) {
      require(e.getMessage().matches(".*:-?\\d+:\\d+: .+"), "The message has place and reason");
      require(e.getMessage().length() < 600, "The message has bearable length");
      return;
    }
    byte[] blob = FdtWriter.bytes(tree);
    require(Arrays.equals(blob, FdtWriter.bytes(FdtReader.read(blob))), "The blob comes back");
    textOf(tree);
  }

  private static void textOf(DeviceTree tree) {
    String text;
    try {
      text = DtsWriter.text(tree);
    } catch (DtsException _) {
      return;
    }
    try {
      String again = DtsWriter.text(DtsReader.read("again.dts", text));
      require(again.equals(text), "The text comes back");
    } catch (DtsException e) {
      require(e.getMessage().endsWith("a second time"), "Only doubles are refused: " + e);
    }
  }

  private static void require(boolean held, String rule) {
    if (!held) {
      throw new AssertionError(rule);
    }
  }
}
