package org.nvlink2vmm.vmm.vcpu.isa;

/**
 * A decoded instruction packed into a long: bits 0-8 the {@link Op}, 9 the record bit (or LK of a
 * branch), 10 absolute addressing (AA), 11-16 the target register, 17-22 and 23-28 the two source
 * registers, 32-63 a signed immediate. Registers are 0-31; 32 reads as zero, which is how "RA or
 * zero" of the address forms is said. Logical and rotate forms, which name the target RA and the
 * source RS, are turned round, so that the target is always the first.
 */
public final class Insn {
  public static final int OP_MASK = 0x1ff;
  public static final int RC = 1 << 9;
  public static final int AA = 1 << 10;

  /** The register that reads as zero. */
  public static final int ZERO = 32;

  private Insn() {}

  static long pack(int op, int flags, int rt, int ra, int rb, int immediate) {
    return op
        | flags
        | (long) rt << 11
        | (long) ra << 17
        | (long) rb << 23
        | (long) immediate << 32;
  }

  public static int op(long insn) {
    return (int) insn & OP_MASK;
  }

  public static boolean rc(long insn) {
    return ((int) insn & RC) != 0;
  }

  public static boolean aa(long insn) {
    return ((int) insn & AA) != 0;
  }

  public static int rt(long insn) {
    return (int) insn >>> 11 & 63;
  }

  public static int ra(long insn) {
    return (int) insn >>> 17 & 63;
  }

  public static int rb(long insn) {
    return (int) insn >>> 23 & 63;
  }

  /** The immediate, sign-extended; of privileged and rare forms the whole instruction word. */
  public static long immediate(long insn) {
    return insn >> 32;
  }

  /** The low half of the immediate as an unsigned number. */
  public static int field(long insn) {
    return (int) (insn >>> 32);
  }
}
