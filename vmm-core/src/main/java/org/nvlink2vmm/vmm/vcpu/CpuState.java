package org.nvlink2vmm.vmm.vcpu;

import org.nvlink2vmm.vmm.vcpu.isa.Arith;

/**
 * The architected registers of one thread, and how the last instruction ended. Plain fields: one
 * thread executes, others ask it to stop before they look. The carry and overflow bits of XER are
 * kept apart as 0 or 1.
 */
final class CpuState {
  /** r0-r31; 32 reads as zero; rounded up so that a masked index is always inside. */
  final long[] gpr = new long[64];

  long pc;
  long lr;
  long ctr;
  long tar;
  int cr;
  int so;
  int ov;
  int ov32;
  int ca;
  int ca32;
  int xerCount;

  long msr;
  long srr0;
  long srr1;
  long dar;
  long dsisr;
  final long[] spr = new long[1024];

  /** Where the decrementer reaches -1, on the time base. */
  long decrementerEnd;

  /** Where interrupts go: 0, or 3 for the virtual vectors at {@link #VIRTUAL_VECTORS}. */
  int alternateLocation;

  boolean interruptsLittleEndian;

  /** Derived from {@link #msr}: computation in 64 bits. */
  boolean wide = true;

  /** Why the instruction in hand did not complete in the ordinary way; see {@link Event}. */
  int event;

  /** Instructions completed. */
  long instructions;

  /** External interrupt line of the presentation controller; raised by other threads. */
  volatile boolean externalPending;

  /** Set by other threads: stop executing at the next branch. */
  volatile boolean attention;

  static final long VIRTUAL_VECTORS = 0xc000000000004000L;
  static final long SCV_VIRTUAL_VECTOR = 0xc000000000003000L;

  void recordCr0(long value) {
    long number = wide ? value : (int) value;
    int field = number < 0 ? 8 : number > 0 ? 4 : 2;
    cr = (cr & 0x0fffffff) | (field | so) << 28;
  }

  void setCrField(int shift, int field) {
    cr = (cr & ~(0xf << shift)) | field << shift;
  }

  void compareSigned(int shift, long a, long b) {
    setCrField(shift, (a < b ? 8 : a > b ? 4 : 2) | so);
  }

  void compareUnsigned(int shift, long a, long b) {
    compareSigned(shift, a ^ Long.MIN_VALUE, b ^ Long.MIN_VALUE);
  }

  /** a + b + c, with the carries recorded. */
  long addCarrying(long a, long b, int c) {
    long sum = a + b + c;
    ca32 = Arith.carryWord(a, b, c) ? 1 : 0;
    ca = wide ? Arith.carry(a, sum, c) ? 1 : 0 : ca32;
    return sum;
  }

  void overflow(boolean in64, boolean in32) {
    ov32 = in32 ? 1 : 0;
    ov = (wide ? in64 : in32) ? 1 : 0;
    so |= ov;
  }

  /** Records the overflow of sum = a + b (+ carry). */
  void overflowOfSum(long a, long b, long sum) {
    long signs = (a ^ sum) & (b ^ sum);
    overflow(signs < 0, (int) signs < 0);
  }

  long shiftRightAlgebraicWord(long value, int shift) {
    int word = (int) value;
    boolean lost = word < 0 && (shift > 31 || (word & ((1 << shift) - 1)) != 0);
    ca = lost && shift != 0 ? 1 : 0;
    ca32 = ca;
    return word >> Math.min(shift, 31);
  }

  long shiftRightAlgebraic(long value, int shift) {
    boolean lost = value < 0 && (shift > 63 || (value & ((1L << shift) - 1)) != 0);
    ca = lost && shift != 0 ? 1 : 0;
    ca32 = ca;
    return value >> Math.min(shift, 63);
  }

  /** Whether a branch with this BO is taken; {@code bit} is the shift of its condition bit. */
  boolean branches(int bo, int bit) {
    boolean counted = true;
    if ((bo & 4) == 0) {
      ctr--;
      boolean zero = wide ? ctr == 0 : (int) ctr == 0;
      counted = zero == ((bo & 2) != 0);
    }
    boolean condition = (bo & 16) != 0 || (cr >>> bit & 1) == (bo >>> 3 & 1);
    return counted && condition;
  }

  /** mcrf, from its word. */
  void moveCrField(int word) {
    setCrField(28 - 4 * (word >>> 23 & 7), cr >>> (28 - 4 * (word >>> 18 & 7)) & 15);
  }

  /** The eight logical operations on condition bits, from their word. */
  void crLogic(int word) {
    int a = cr >>> (31 - (word >>> 16 & 31)) & 1;
    int b = cr >>> (31 - (word >>> 11 & 31)) & 1;
    int bit =
        switch (word >>> 1 & 0x3ff) {
          case 33 -> ~(a | b);
          case 129 -> a & ~b;
          case 193 -> a ^ b;
          case 225 -> ~(a & b);
          case 257 -> a & b;
          case 289 -> ~(a ^ b);
          case 417 -> a | ~b;
          default -> a | b;
        };
    int shift = 31 - (word >>> 21 & 31);
    cr = (cr & ~(1 << shift)) | (bit & 1) << shift;
  }

  long xer() {
    return (long) so << 31
        | (long) ov << 30
        | (long) ca << 29
        | (long) ov32 << 19
        | (long) ca32 << 18
        | xerCount;
  }

  void xer(long value) {
    so = (int) (value >>> 31) & 1;
    ov = (int) (value >>> 30) & 1;
    ca = (int) (value >>> 29) & 1;
    ov32 = (int) (value >>> 19) & 1;
    ca32 = (int) (value >>> 18) & 1;
    xerCount = (int) value & 0x7f;
  }

  boolean has(long bits) {
    return (msr & bits) != 0;
  }
}
