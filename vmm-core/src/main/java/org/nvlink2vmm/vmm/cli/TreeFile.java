package org.nvlink2vmm.vmm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.nvlink2vmm.dt.dts.DtsLimits;
import org.nvlink2vmm.dt.dts.DtsReader;
import org.nvlink2vmm.dt.fdt.FdtException;
import org.nvlink2vmm.dt.fdt.FdtHeader;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.vmm.machine.ConfigError;

/** A tree that a user names: a blob or source text, told apart by the blob's first bytes. */
final class TreeFile {
  /** A blob's size is 32 bits; no tree comes near this. */
  private static final int MAX_BYTES = 64 << 20;

  private static final ValueLayout.OfInt BIG_ENDIAN_INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private TreeFile() {}

  /**
   * @param name a path, or {@code -} for standard input
   */
  static DeviceTree read(String name) {
    byte[] bytes = bytes(name);
    if (!isBlob(bytes)) {
      return name.equals("-")
          ? DtsReader.read("standard input", bytes, DtsLimits.DEFAULT)
          : text(name);
    }
    try {
      return FdtReader.read(bytes);
    } catch (FdtException e) {
      throw new ConfigError(name + ": " + e.getMessage());
    }
  }

  private static DeviceTree text(String name) {
    try {
      return DtsReader.read(Path.of(name));
    } catch (IOException e) {
      throw new ConfigError(name + ": " + e.getMessage());
    }
  }

  private static boolean isBlob(byte[] bytes) {
    if (bytes.length < 4) {
      return false;
    }
    int magic = MemorySegment.ofArray(bytes).get(BIG_ENDIAN_INT, 0);
    return magic == FdtHeader.MAGIC;
  }

  private static byte[] bytes(String name) {
    try (InputStream in = name.equals("-") ? System.in : Files.newInputStream(Path.of(name))) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new ConfigError(name, "more than " + MAX_BYTES + " bytes", "a device tree");
      }
      return bytes;
    } catch (java.nio.file.NoSuchFileException _) {
      throw new ConfigError(name + ": no such file");
    } catch (IOException e) {
      throw new ConfigError(name + ": " + e.getMessage());
    }
  }
}
