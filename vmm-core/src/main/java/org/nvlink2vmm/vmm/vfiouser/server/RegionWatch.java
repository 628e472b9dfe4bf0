package org.nvlink2vmm.vmm.vfiouser.server;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.trace.AccessCounts;
import org.nvlink2vmm.vmm.trace.Spin;
import org.nvlink2vmm.vmm.vfiouser.codec.Wire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at a device's accesses as they pass: which are refused, and which register a guest polls in
 * vain. Belongs to the server's thread; its counts are read from any.
 */
final class RegionWatch {
  private static final Logger LOG = LoggerFactory.getLogger(RegionWatch.class);
  private static final int REGISTERS = 4096;
  private static final int WORD = 8;

  private final AccessCounts counts = new AccessCounts(REGISTERS);
  private final int[] numbers;
  private long spins;

  RegionWatch(String device, int regions) {
    numbers = new int[regions];
    for (int index = 0; index < regions; index++) {
      numbers[index] = counts.region(device + " region " + index);
    }
  }

  AccessCounts counts() {
    return counts;
  }

  void read(int region, long offset, int size, MemorySegment value) {
    if (!isWord(size)) {
      return;
    }
    counts.polled(numbers[region], offset, size, word(value, size));
    if (counts.spinCount() != spins) {
      spins = counts.spinCount();
      Spin spin = counts.spins().getLast();
      LOG.warn("A guest spins: {}", spin);
    }
  }

  void written() {
    counts.written();
  }

  void refusedRead(int region, long offset, int size) {
    if (isWord(size)) {
      counts.refusedRead(numbers[region], offset, size);
    }
  }

  void refusedWrite(int region, long offset, int size) {
    if (isWord(size)) {
      counts.refusedWrite(numbers[region], offset, size);
    }
  }

  private static boolean isWord(int size) {
    return size <= WORD && Integer.bitCount(size) == 1;
  }

  private static long word(MemorySegment value, int size) {
    return switch (size) {
      case 1 -> Wire.u8(value, 0);
      case 2 -> Wire.u16(value, 0);
      case 4 -> Integer.toUnsignedLong(Wire.u32(value, 0));
      default -> Wire.u64(value, 0);
    };
  }
}
