package org.nvlink2vmm.vmm.vcpu;

import java.util.Arrays;

/**
 * Recent translations of one execution mode, direct-mapped by effective page of 4 KiB. Pairs of tag
 * and difference: RAM offset (or guest-physical address, for the far ones) minus effective address.
 * A tag is the page's first address; -1 matches none. An access is inside a page exactly when its
 * <em>last</em> byte has the tag found under its first.
 */
final class Tlb {
  static final int ENTRIES = 1024;
  static final int FAR_ENTRIES = 64;
  static final long PAGE = -1L << 12;

  final long[] loads = new long[2 * ENTRIES];
  final long[] stores = new long[2 * ENTRIES];

  /** Pages that are not main memory: GPU RAM, registers. */
  final long[] farLoads = new long[2 * FAR_ENTRIES];

  final long[] farStores = new long[2 * FAR_ENTRIES];

  Tlb() {
    clear();
  }

  static int slot(long ea) {
    return ((int) (ea >>> 12) & (ENTRIES - 1)) << 1;
  }

  static int farSlot(long ea) {
    return ((int) (ea >>> 12) & (FAR_ENTRIES - 1)) << 1;
  }

  void clear() {
    Arrays.fill(loads, -1);
    Arrays.fill(stores, -1);
    Arrays.fill(farLoads, -1);
    Arrays.fill(farStores, -1);
  }

  void forget(long ea) {
    forget(loads, slot(ea), ea);
    forget(stores, slot(ea), ea);
    forget(farLoads, farSlot(ea), ea);
    forget(farStores, farSlot(ea), ea);
  }

  private static void forget(long[] entries, int slot, long ea) {
    if (entries[slot] == (ea & PAGE)) {
      entries[slot] = -1;
    }
  }
}
