package org.nvlink2vmm.vmm.trace;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts by key in an open-addressed table of fixed size; what finds no place is counted as lost.
 * No lock, no allocation after construction; entries are never removed.
 */
final class AccessTable {
  /** Slots looked at for one key; a full neighbourhood loses the access, never the time. */
  private static final int PROBES = 32;

  private final int mask;
  private final AtomicLongArray keys;
  private final AtomicLongArray reads;
  private final AtomicLongArray writes;
  private final AtomicLongArray values;
  private final LongAdder lost = new LongAdder();

  /** A table with at least twice as many slots as the keys that are expected. */
  AccessTable(int capacity) {
    int slots = Integer.highestOneBit(4 * Math.max(PROBES, capacity) - 1);
    mask = slots - 1;
    keys = new AtomicLongArray(slots);
    reads = new AtomicLongArray(slots);
    writes = new AtomicLongArray(slots);
    values = new AtomicLongArray(slots);
  }

  void read(long key, long value) {
    int slot = slot(key);
    if (slot >= 0) {
      reads.getAndIncrement(slot);
      values.setOpaque(slot, value);
    }
  }

  void write(long key, long value) {
    int slot = slot(key);
    if (slot >= 0) {
      writes.getAndIncrement(slot);
      values.setOpaque(slot, value);
    }
  }

  long lost() {
    return lost.sum();
  }

  /** Entries, most accesses first, then by key. */
  List<Entry> ranked() {
    List<Entry> entries = new ArrayList<>();
    for (int slot = 0; slot <= mask; slot++) {
      long key = keys.get(slot);
      if (key != 0) {
        entries.add(new Entry(key, reads.get(slot), writes.get(slot), values.get(slot)));
      }
    }
    entries.sort(Entry.MOST_FIRST);
    return entries;
  }

  /** A key with its counts. */
  record Entry(long key, long reads, long writes, long value) {
    static final Comparator<Entry> MOST_FIRST =
        Comparator.comparingLong((Entry entry) -> -(entry.reads + entry.writes))
            .thenComparingLong(Entry::key);
  }

  private int slot(long key) {
    int at = (int) ((key * 0x9e3779b97f4a7c15L) >>> 40) & mask;
    for (int probe = 0; probe < PROBES; probe++) {
      int slot = (at + probe) & mask;
      long found = keys.getAcquire(slot);
      if (found == 0) {
        found = keys.compareAndExchange(slot, 0, key);
      }
      if (found == key || found == 0) {
        return slot;
      }
    }
    lost.increment();
    return -1;
  }
}
