package org.nvlink2vmm.vmm.vcpu;

/** Interrupt vectors and their SRR1 reasons (Power ISA, book III, chapter 6). */
final class Vector {
  static final int SYSTEM_RESET = 0x100;
  static final int DATA_STORAGE = 0x300;
  static final int DATA_SEGMENT = 0x380;
  static final int INSTRUCTION_STORAGE = 0x400;
  static final int INSTRUCTION_SEGMENT = 0x480;
  static final int EXTERNAL = 0x500;
  static final int ALIGNMENT = 0x600;
  static final int PROGRAM = 0x700;
  static final int FP_UNAVAILABLE = 0x800;
  static final int DECREMENTER = 0x900;
  static final int DOORBELL = 0xa00;
  static final int SYSTEM_CALL = 0xc00;
  static final int TRACE = 0xd00;
  static final int VECTOR_UNAVAILABLE = 0xf20;
  static final int VSX_UNAVAILABLE = 0xf40;

  static final long PROGRAM_ILLEGAL = 0x80000;
  static final long PROGRAM_PRIVILEGED = 0x40000;
  static final long PROGRAM_TRAP = 0x20000;

  /** DSISR and SRR1: no translation. */
  static final long NO_TRANSLATION = 0x40000000;

  /** SRR1: a page that may not be executed. */
  static final long NO_EXECUTE = 0x10000000;

  /** DSISR and SRR1: the page's protection forbids it. */
  static final long PROTECTED = 0x08000000;

  /** DSISR: the access was a store. */
  static final long STORE = 0x02000000;

  /** DSISR and SRR1: the tables themselves are unusable. */
  static final long BAD_TABLE = 0x00080000;

  private Vector() {}
}
