package org.nvlink2vmm.it.qemu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a guest said, as {@code init.sh} says it. */
final class Console {
  private static final int LINE = 16;

  private final String text;

  /** A function as Linux found it; its configuration space is little-endian. */
  record Function(String vendorDevice, String pciClass, List<Bar> bars, MemorySegment config) {}

  /** A resource of sysfs. */
  record Bar(int index, long start, long size, long flags) {}

  Console(String text) {
    this.text = text.replace("\r", "");
  }

  /** The rest of the line that begins with a word; empty when there is none. */
  String after(String word) {
    Matcher line = Pattern.compile("^" + word + " (.*)$", Pattern.MULTILINE).matcher(text);
    return line.find() ? line.group(1).strip() : "";
  }

  /** All functions with these ids, "10de:1db1". */
  List<Function> functions(String vendorDevice) {
    List<Function> found = new ArrayList<>();
    for (String part : text.split("(?m)^PCI ", -1)) {
      Matcher head =
          Pattern.compile("vendor=0x(\\w+) device=0x(\\w+) class=0x(\\w+)").matcher(part);
      if (head.find() && vendorDevice.equals(head.group(1) + ":" + head.group(2))) {
        found.add(new Function(vendorDevice, head.group(3), bars(part), config(part)));
      }
    }
    return found;
  }

  private static List<Bar> bars(String part) {
    return Pattern.compile("^BAR (\\d+) 0x(\\w+) 0x(\\w+) 0x(\\w+)$", Pattern.MULTILINE)
        .matcher(part)
        .results()
        .map(
            bar -> {
              long start = Long.parseUnsignedLong(bar.group(2), 16);
              long end = Long.parseUnsignedLong(bar.group(3), 16);
              long flags = Long.parseUnsignedLong(bar.group(4), 16);
              return new Bar(Integer.parseInt(bar.group(1)), start, end - start + 1, flags);
            })
        .toList();
  }

  private static MemorySegment config(String part) {
    byte[] config = new byte[4096];
    Pattern.compile("^CONFIG ([0-9a-f]+)((?: [0-9a-f]{2}){1,16})$", Pattern.MULTILINE)
        .matcher(part)
        .results()
        .forEach(
            line -> {
              byte[] bytes = HexFormat.ofDelimiter(" ").parseHex(line.group(2).strip());
              System.arraycopy(
                  bytes, 0, config, Integer.parseInt(line.group(1), LINE), bytes.length);
            });
    return MemorySegment.ofArray(config);
  }

  @Override
  public String toString() {
    return text;
  }
}
