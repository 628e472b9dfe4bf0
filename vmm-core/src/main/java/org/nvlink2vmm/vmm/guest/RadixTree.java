package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.BIG_ENDIAN;

/**
 * The page tables of one process in the guest's own memory: levels of 13, 9, 9 and 9 bits, or 5 in
 * the last for pages of 64 KiB (Power ISA 3.0 B, book III 5.7.10). One thread at a time.
 */
final class RadixTree {
  static final int SHIFT_4K = 12;
  static final int SHIFT_64K = 16;
  static final int SHIFT_2M = 21;
  static final int SHIFT_1G = 30;

  static final long READ = 0x4;
  static final long READ_WRITE = 0x2 | READ;

  /** Bytes of the memory that a tree may take. */
  static final long ROOM = 1 << 20;

  private static final long VALID = 1L << 63;
  private static final long LEAF = 1L << 62;
  private static final long NEXT_TABLE = 0x0fffffffffffff00L;
  private static final int ADDRESS_BITS = 52;
  private static final int ROOT_BITS = 13;
  private static final int LEVEL_BITS = 9;
  private static final int LAST_LEVEL_BITS_64K = 5;

  private final GuestMachine machine;
  private final long root;
  private final long end;
  private long next;

  /**
   * An empty tree.
   *
   * @param gpa of {@link #ROOM} bytes of memory, aligned to that
   */
  RadixTree(GuestMachine machine, long gpa) {
    this.machine = machine;
    root = gpa;
    next = gpa;
    end = gpa + ROOM;
    allocate(ROOT_BITS);
  }

  /** The first doubleword of the process table's entry: 52 bits of addresses, the root. */
  long processEntry() {
    return 2L << 61 | 5L << 5 | root | ROOT_BITS;
  }

  /** Maps a page of 2^{@code shift} bytes; translations that are cached stay as they are. */
  void map(long address, int shift, long gpa, long rights) {
    store(entry(address, shift), VALID | LEAF | gpa | rights);
  }

  void unmap(long address, int shift) {
    store(entry(address, shift), 0);
  }

  /** Where the leaf of an address is; makes the levels above it. */
  private long entry(long address, int shift) {
    long table = root;
    int bits = ROOT_BITS;
    int below = ADDRESS_BITS;
    while (true) {
      below -= bits;
      long at = table + 8 * (address >>> below & ((1L << bits) - 1));
      if (below == shift) {
        return at;
      }
      bits = below == SHIFT_2M && shift == SHIFT_64K ? LAST_LEVEL_BITS_64K : LEVEL_BITS;
      long entry = machine.load(at, 8, BIG_ENDIAN);
      if (entry == 0) {
        entry = VALID | allocate(bits) | bits;
        store(at, entry);
      }
      table = entry & NEXT_TABLE;
    }
  }

  private long allocate(int bits) {
    long size = 8L << bits;
    long at = (next + size - 1) & -size;
    if (at + size > end) {
      throw new IllegalStateException("the page tables at 0x%x are full".formatted(root));
    }
    next = at + size;
    for (long entry = at; entry < next; entry += 8) {
      store(entry, 0);
    }
    return at;
  }

  private void store(long gpa, long value) {
    machine.store(gpa, 8, value, BIG_ENDIAN);
  }
}
