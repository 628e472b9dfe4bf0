package org.nvlink2vmm.vmm.vfiouser.server;

import java.lang.foreign.MemorySegment;

/**
 * Slices of buffers that are used again and again, so that an access to a device makes no object.
 * Not for two threads at once.
 */
final class SliceCache {
  /** One place for each power of two up to 64 KiB, and one for all larger sizes. */
  private static final int PLACES = 18;

  private final MemorySegment[] slices = new MemorySegment[PLACES];

  /**
   * A slice of a native segment. One that is kept keeps its memory too, so addresses are unique.
   */
  MemorySegment of(MemorySegment block, long offset, int size) {
    int place = Math.min(PLACES - 1, Integer.numberOfTrailingZeros(Integer.highestOneBit(size)));
    MemorySegment slice = slices[place];
    if (slice == null || slice.byteSize() != size || slice.address() != block.address() + offset) {
      slice = block.asSlice(offset, size);
      slices[place] = slice;
    }
    return slice;
  }
}
