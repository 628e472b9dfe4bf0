package org.nvlink2vmm.vmm.vcpu;

import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AddressSpace;

/**
 * The process-scoped radix walk of POWER9 (Power ISA 3.0B, book III, section 5.7.10): process table
 * in guest memory, up to four levels, leaves of 4 KiB to 1 GiB. Sets reference and change bits the
 * way the processor does, with an atomic update of the entry. The tables are the guest's: every
 * level is bounded, an entry that makes no sense faults.
 */
final class RadixWalk {
  static final int LOAD = 0;
  static final int STORE = 1;
  static final int FETCH = 2;

  private static final long VALID = 1L << 63;
  private static final long LEAF = 1L << 62;
  private static final long RPN = 0x01fffffffffff000L;
  private static final long REFERENCED = 0x100;
  private static final long CHANGED = 0x80;
  private static final long PRIVILEGED = 8;
  private static final long READ = 4;
  private static final long WRITE = 2;
  private static final long EXECUTE = 1;
  private static final long NEXT_BASE = 0x0fffffffffffff00L;
  private static final int MAX_LEVELS = 5;

  /** The entry changed between reading and marking it: to be walked again. */
  private static final long RACED = -2;

  private static final int MAX_RACES = 16;

  private final AddressSpace space;
  private final boolean observing;

  /**
   * What the last {@link #translate} found wrong, as DSISR and SRR1 bits; 0 for a segment fault.
   */
  long failure;

  RadixWalk(AddressSpace space) {
    this(space, false);
  }

  private RadixWalk(AddressSpace space, boolean observing) {
    this.space = space;
    this.observing = observing;
  }

  /** A walk of a debugger: it goes by the tables alone, minds no permission and marks nothing. */
  static RadixWalk ofObserver(AddressSpace space) {
    return new RadixWalk(space, true);
  }

  /**
   * Translates an effective address.
   *
   * @param processTable guest-physical address of the table and its size exponent, as registered
   *     with H_REGISTER_PROC_TBL: base, 4 KiB &lt;&lt; size
   * @return the guest-physical address, or a negative number with {@link #failure} set
   */
  long translate(
      long ea, int access, boolean problemState, long processTable, int sizeExponent, long pidr) {
    long pid;
    switch ((int) (ea >>> 62)) {
      case 0 -> pid = pidr & 0xfffff;
      case 3 -> pid = 0;
      default -> {
        return fail(0);
      }
    }
    if (16 * pid >= 4096L << sizeExponent) {
      return fail(Vector.NO_TRANSLATION);
    }
    long root = space.read(processTable + 16 * pid, 8, ByteOrder.BIG_ENDIAN);
    int bits = (int) ((root >>> 61 & 3) << 3 | (root >>> 5 & 7)) + 31;
    if ((ea & ~(3L << 62)) >>> Math.min(bits, 62) != 0) {
      return fail(0);
    }
    long gpa = RACED;
    for (int tries = 0; gpa == RACED && tries < MAX_RACES; tries++) {
      gpa = walk(ea, access, problemState, root & NEXT_BASE, bits, (int) root & 31);
    }
    return gpa;
  }

  private long walk(
      long ea, int access, boolean problemState, long base, int addressBits, int rootBits) {
    long table = base;
    int index = rootBits;
    int left = addressBits;
    for (int level = 0; level < MAX_LEVELS; level++) {
      left -= index;
      if (index < 5 || left < 12) {
        return fail(Vector.BAD_TABLE);
      }
      long entryGpa = table + 8 * (ea >>> left & ((1L << index) - 1));
      long entry = space.read(entryGpa, 8, ByteOrder.BIG_ENDIAN);
      if ((entry & VALID) == 0) {
        return fail(Vector.NO_TRANSLATION);
      }
      if ((entry & LEAF) != 0) {
        return leaf(ea, access, problemState, entryGpa, entry, left);
      }
      table = entry & NEXT_BASE;
      index = (int) entry & 31;
    }
    return fail(Vector.BAD_TABLE);
  }

  private long leaf(
      long ea, int access, boolean problemState, long entryGpa, long entry, int pageBits) {
    long offsetMask = (1L << pageBits) - 1;
    long gpa = (entry & RPN & ~offsetMask) | (ea & offsetMask);
    if (observing) {
      return gpa;
    }
    long needed =
        switch (access) {
          case LOAD -> READ | WRITE;
          case STORE -> WRITE;
          default -> EXECUTE;
        };
    boolean forbidden = problemState && (entry & PRIVILEGED) != 0;
    if (forbidden || (entry & needed) == 0) {
      return fail(access == FETCH ? Vector.NO_EXECUTE : Vector.PROTECTED);
    }
    long wanted = REFERENCED | (access == STORE ? CHANGED : 0);
    if ((entry & wanted) != wanted) {
      if (!space.compareAndSet(entryGpa, 8, entry, entry | wanted, ByteOrder.BIG_ENDIAN)) {
        failure = Vector.NO_TRANSLATION;
        return RACED;
      }
    }
    return gpa;
  }

  private long fail(long reason) {
    failure = reason;
    return -1;
  }
}
