package org.nvlink2vmm.vmm.memory;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A region tree flattened: disjoint ranges in ascending order, immutable but for the last hit.
 *
 * <p>A plain binary search, branches and all: its history helps to predict the handler call behind
 * it, which is where the time goes with tens of regions.
 */
final class FlatView {
  /** A run of addresses that one leaf region claims. Exactly one of segment and handler is set. */
  static final class Range {
    final long start;
    final long size;
    final MemoryRegion region;
    final long offset;
    final MemorySegment segment;
    final AccessRules rules;
    final MmioHandler handler;

    Range(long start, long size, MemoryRegion region, long offset) {
      this.start = start;
      this.size = size;
      this.region = region;
      this.offset = offset;
      this.segment =
          switch (region) {
            case MemoryRegion.Ram ram -> ram.segment().asSlice(offset, size);
            case MemoryRegion.RamDevice ram -> ram.segment().asSlice(offset, size);
            default -> null;
          };
      this.rules = region instanceof MemoryRegion.Mmio mmio ? mmio.rules() : null;
      this.handler = region instanceof MemoryRegion.Mmio mmio ? mmio.handler() : null;
    }
  }

  static final FlatView EMPTY = new FlatView(List.of());

  private final long[] starts;
  private final Range[] ranges;

  /** Index of the range that the last lookup found. Racy on purpose: any value is only a guess. */
  private int lastHit;

  FlatView(List<Range> sorted) {
    ranges = sorted.toArray(new Range[0]);
    starts = new long[ranges.length];
    for (int i = 0; i < ranges.length; i++) {
      starts[i] = ranges[i].start;
    }
  }

  List<Range> ranges() {
    return List.of(ranges);
  }

  /** The range that claims all of {@code size} bytes at {@code gpa}, else null. */
  Range find(long gpa, long size) {
    int guess = lastHit;
    if (guess < ranges.length) {
      Range range = ranges[guess];
      if (contains(range, gpa, size)) {
        return range;
      }
    }
    int low = 0;
    int high = starts.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (starts[middle] <= gpa) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    if (high < 0 || !contains(ranges[high], gpa, size)) {
      return null;
    }
    lastHit = high;
    return ranges[high];
  }

  private static boolean contains(Range range, long gpa, long size) {
    long offset = gpa - range.start;
    return offset >= 0 && offset <= range.size - size;
  }
}
