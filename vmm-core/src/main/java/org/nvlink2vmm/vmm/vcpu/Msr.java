package org.nvlink2vmm.vmm.vcpu;

/** Bits of the machine state register (Power ISA, book III, section 3.2.1). */
final class Msr {
  static final long SF = 1L << 63;
  static final long HV = 1L << 60;
  static final long VEC = 1L << 25;
  static final long VSX = 1L << 23;
  static final long EE = 1L << 15;
  static final long PR = 1L << 14;
  static final long FP = 1L << 13;
  static final long ME = 1L << 12;
  static final long SE = 1L << 10;
  static final long BE = 1L << 9;
  static final long IR = 1L << 5;
  static final long DR = 1L << 4;
  static final long RI = 1L << 1;
  static final long LE = 1L;

  /** What a guest kernel may change; HV stays clear, transactional state does not exist. */
  static final long GUEST =
      SF | VEC | VSX | EE | PR | FP | ME | SE | BE | 0x800 | 0x100 | IR | DR | 4 | RI | LE;

  /** What an interrupt copies into SRR1. */
  static final long SAVED = ~0x783f0000L;

  private Msr() {}
}
