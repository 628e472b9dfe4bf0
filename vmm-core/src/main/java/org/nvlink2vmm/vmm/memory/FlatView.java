package org.nvlink2vmm.vmm.memory;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
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
    final ByteOrder order;

    /** Sizes that pass the rules and that the handler takes as one, or-ed: each is one bit. */
    private final int wholeSizes;

    /** All ones when the rules ask for alignment. */
    private final long alignment;

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
      this.order = rules == null ? ByteOrder.LITTLE_ENDIAN : rules.order();
      this.wholeSizes = rules == null ? 0 : wholeSizes(rules);
      this.alignment = rules != null && rules.aligned() ? -1 : 0;
    }

    /**
     * Whether an access to the handler's {@code offset} passes the rules and needs no splitting.
     */
    boolean takesWhole(long offset, int size) {
      return (wholeSizes & size) != 0 && (offset & (size - 1) & alignment) == 0;
    }

    private static int wholeSizes(AccessRules rules) {
      int sizes = 0;
      for (int size = 1; size <= rules.maxHandled(); size *= 2) {
        sizes |= rules.allow(0, size) ? size : 0;
      }
      return sizes;
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
    int index = last(gpa);
    if (index < 0 || !contains(ranges[index], gpa, size)) {
      return null;
    }
    lastHit = index;
    return ranges[index];
  }

  /** Index of the last range that starts at or before {@code gpa}; -1 when there is none. */
  private int last(long gpa) {
    int low = 0;
    int high = starts.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      long start = starts[middle];
      if (start < gpa) {
        low = middle + 1;
      } else if (start > gpa) {
        high = middle - 1;
      } else {
        return middle;
      }
    }
    return high;
  }

  private static boolean contains(Range range, long gpa, long size) {
    long offset = gpa - range.start;
    return offset >= 0 && offset <= range.size - size;
  }
}
