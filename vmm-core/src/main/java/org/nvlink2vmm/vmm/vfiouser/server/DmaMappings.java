package org.nvlink2vmm.vmm.vfiouser.server;

import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.StampedLock;

/**
 * Which I/O virtual addresses lead where, sorted. The session's thread changes it and may look
 * without the lock; device threads look under the read lock and hold it while they touch the
 * memory, since a client that was told that a range is unmapped must not see it written afterwards.
 */
final class DmaMappings {
  private static final int INITIAL_ROOM = 16;

  private final StampedLock lock = new StampedLock();
  private long[] starts = new long[INITIAL_ROOM];
  private long[] lasts = new long[INITIAL_ROOM];
  private Entry[] entries = new Entry[INITIAL_ROOM];
  private int count;

  /**
   * One mapping.
   *
   * @param iova first address, bytes
   * @param size bytes
   * @param flags READABLE and WRITABLE of DMA_MAP
   * @param file what the client gave a descriptor of; empty for memory reached by messages
   * @param offset of the first byte in the file
   */
  record Entry(long iova, long size, int flags, Optional<FileMappings.File> file, long offset) {
    long last() {
      return iova + size - 1;
    }
  }

  StampedLock lock() {
    return lock;
  }

  int count() {
    return count;
  }

  /** Position of the mapping that holds {@code iova}, or -1. */
  int find(long iova) {
    int at = firstEndingAtOrAfter(iova);
    return at < count && Long.compareUnsigned(starts[at], iova) <= 0 ? at : -1;
  }

  Entry entry(int position) {
    return entries[position];
  }

  /** Position of the first mapping that shares an address with the range, or -1. */
  int overlapping(long iova, long last) {
    int at = firstEndingAtOrAfter(iova);
    return at < count && Long.compareUnsigned(starts[at], last) <= 0 ? at : -1;
  }

  private int firstEndingAtOrAfter(long iova) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(lasts[middle], iova) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Adds a mapping that overlaps none. */
  void add(Entry entry) {
    long stamp = lock.writeLock();
    try {
      if (count == entries.length) {
        starts = Arrays.copyOf(starts, 2 * count);
        lasts = Arrays.copyOf(lasts, 2 * count);
        entries = Arrays.copyOf(entries, 2 * count);
      }
      int at = firstEndingAtOrAfter(entry.iova());
      int behind = count - at;
      System.arraycopy(starts, at, starts, at + 1, behind);
      System.arraycopy(lasts, at, lasts, at + 1, behind);
      System.arraycopy(entries, at, entries, at + 1, behind);
      starts[at] = entry.iova();
      lasts[at] = entry.last();
      entries[at] = entry;
      count++;
    } finally {
      lock.unlockWrite(stamp);
    }
  }

  /** Takes mappings {@code from} to {@code to} (exclusive) out; none is in use on return. */
  void remove(int from, int to) {
    long stamp = lock.writeLock();
    try {
      int behind = count - to;
      System.arraycopy(starts, to, starts, from, behind);
      System.arraycopy(lasts, to, lasts, from, behind);
      System.arraycopy(entries, to, entries, from, behind);
      Arrays.fill(entries, count - (to - from), count, null);
      count -= to - from;
    } finally {
      lock.unlockWrite(stamp);
    }
  }
}
