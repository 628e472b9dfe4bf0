package org.nvlink2vmm.vmm.vcpu.isa;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ZERO;

/**
 * How an instruction word's fields become a packed {@link Insn}. Field positions are those of the
 * Power ISA, book I, section 1.6, counted here from the least significant bit.
 */
enum Form {
  /** Displacement form: RT, RA or zero, signed 16 bits. */
  D {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, rt(w), zeroable(w), 0, (short) w);
    }
  },
  /** Displacement form in which RA 0 is a register. */
  D_RA {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, rt(w), ra(w), 0, (short) w);
    }
  },
  /** As D with the low two bits of the displacement taken by the operation. */
  DS {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, rt(w), zeroable(w), 0, (short) (w & ~3));
    }
  },
  /** lq: the low four bits are not displacement. */
  DQ {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, rt(w), zeroable(w), 0, (short) (w & ~15));
    }
  },
  /** addis: the immediate shifted already. */
  D_SHIFTED {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, rt(w), zeroable(w), 0, w << 16);
    }
  },
  /** Logical immediate: RA target, RS source, unsigned 16 bits. */
  LOGICAL_IMMEDIATE {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, ra(w), rt(w), 0, w & 0xffff);
    }
  },
  /** Compare with a signed immediate: the target is the shift of the condition field. */
  COMPARE_SIGNED {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, fieldShift(w), ra(w), 0, (short) w);
    }
  },
  COMPARE_UNSIGNED {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, fieldShift(w), ra(w), 0, w & 0xffff);
    }
  },
  COMPARE {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, fieldShift(w), ra(w), rb(w), w);
    }
  },
  /** Three registers. */
  X {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), rt(w), ra(w), rb(w), w);
    }
  },
  /** Three registers, RA or zero. */
  X_ADDRESS {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), rt(w), zeroable(w), rb(w), w);
    }
  },
  /** RA target, RS and RB sources. */
  X_LOGICAL {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), ra(w), rt(w), rb(w), w);
    }
  },
  /** sradi, extswsli: a six-bit shift in the immediate. */
  XS {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), ra(w), rt(w), rb(w), rb(w) | (w & 2) << 4);
    }
  },
  /** Word rotates: RB or shift in rb; the index of the mask, begin * 32 + end, in the immediate. */
  M {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), ra(w), rt(w), rb(w), w >>> 1 & 0x3ff);
    }
  },
  /** Doubleword rotates by an immediate: six-bit shift in rb, mask boundary in the immediate. */
  MD {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), ra(w), rt(w), rb(w) | (w & 2) << 4, boundary(w));
    }
  },
  /** Doubleword rotates by a register. */
  MDS {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), ra(w), rt(w), rb(w), boundary(w));
    }
  },
  /** isel: the shift that brings the tested condition bit down in the immediate. */
  ISEL {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, rt(w), zeroable(w), rb(w), 31 - (w >>> 6 & 31));
    }
  },
  BRANCH {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, linkAndAbsolute(w), 0, 0, 0, (w << 6 >> 6) & ~3);
    }
  },
  /** Conditional branch: BO as target, the shift that brings the condition bit down as rb. */
  BRANCH_CONDITIONAL {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, linkAndAbsolute(w), rt(w), 0, 31 - ra(w), (short) (w & ~3));
    }
  },
  /** Conditional branch to a register. */
  BRANCH_REGISTER {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), rt(w), 0, 31 - ra(w), w);
    }
  },
  /** mtcrf, mtocrf, mfocrf: the mask of CR bits as immediate. */
  CR_MASK {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, 0, rt(w), ra(w), rb(w), crMask(w >>> 12 & 0xff));
    }
  },
  /** Whatever is rare: registers, and the word as immediate. */
  WORD {
    @Override
    long pack(int op, int w) {
      return Insn.pack(op, rc(w), rt(w), ra(w), rb(w), w);
    }
  };

  abstract long pack(int op, int w);

  static int rt(int w) {
    return w >>> 21 & 31;
  }

  static int ra(int w) {
    return w >>> 16 & 31;
  }

  static int rb(int w) {
    return w >>> 11 & 31;
  }

  private static int zeroable(int w) {
    return ra(w) == 0 ? ZERO : ra(w);
  }

  private static int rc(int w) {
    return (w & 1) == 0 ? 0 : Insn.RC;
  }

  private static int linkAndAbsolute(int w) {
    return rc(w) | ((w & 2) == 0 ? 0 : Insn.AA);
  }

  private static int fieldShift(int w) {
    return 28 - 4 * (w >>> 23 & 7);
  }

  private static int boundary(int w) {
    return (w >>> 6 & 31) | (w & 32);
  }

  private static int crMask(int fields) {
    int mask = 0;
    for (int field = 0; field < 8; field++) {
      if ((fields & (0x80 >>> field)) != 0) {
        mask |= 0xf << (28 - 4 * field);
      }
    }
    return mask;
  }
}
