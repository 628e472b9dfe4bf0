package org.nvlink2vmm.vmm.vcpu.compile;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.field;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rc;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import java.lang.classfile.CodeBuilder;
import org.nvlink2vmm.vmm.vcpu.isa.Arith;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/** Rotates with their masks, and shifts. A rotate that is a plain shift becomes one. */
final class Shifts {
  private final Code code;
  private final CodeBuilder out;

  Shifts(Code code) {
    this.code = code;
    this.out = code.out;
  }

  /** Emits an instruction; false, and nothing, when it is none of these. */
  boolean emit(long d) {
    int op = Insn.op(d);
    boolean known = words(op, d) || doublewords(op, d) || shifts(op, d) || algebraic(op, d);
    if (known) {
      code.result(rt(d), rc(d));
    }
    return known;
  }

  private boolean words(int op, long d) {
    long mask = Arith.wordMask(field(d));
    switch (op) {
      case Op.RLWINM -> {
        rotateWord(ra(d), rb(d), mask);
        out.loadConstant(mask).land();
      }
      case Op.RLWIMI -> {
        rotateWord(ra(d), rb(d), mask);
        insert(d, mask);
      }
      case Op.RLWNM -> {
        code.gpr(ra(d)).gpr(rb(d)).out.l2i();
        out.invokestatic(Names.ARITH, "rotateWord", Names.LONG_OF_LONG_INT);
        out.loadConstant(mask).land();
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Pushes the low word, doubled and rotated, right at least where the mask has ones. */
  private void rotateWord(int register, int shift, long mask) {
    code.gpr(register);
    long low = mask & 0xffffffffL;
    if (low != mask) {
      out.loadConstant(shift).invokestatic(Names.ARITH, "rotateWord", Names.LONG_OF_LONG_INT);
    } else if (low >>> shift << shift == low) {
      // Every bit comes from the left shift; those that it pushed out of the word are masked.
      out.loadConstant(shift).lshl();
    } else if (low >>> shift == 0) {
      out.loadConstant(0xffffffffL).land().loadConstant(32 - shift).lushr();
    } else {
      out.l2i().loadConstant(shift);
      out.invokestatic(Names.INTEGER, "rotateLeft", Names.INT_OF_INTS).i2l();
    }
  }

  /** Combines what is on the stack with the target, which keeps the bits that the mask lacks. */
  private void insert(long d, long mask) {
    out.loadConstant(mask).land();
    code.gpr(rt(d)).out.loadConstant(~mask).land().lor();
  }

  private boolean doublewords(int op, long d) {
    int shift = rb(d);
    switch (op) {
      case Op.RLDICL -> rotate(d, shift, -1L >>> field(d));
      case Op.RLDICR -> rotate(d, shift, -1L << (63 - field(d)));
      case Op.RLDIC -> rotate(d, shift, Arith.mask(field(d), 63 - shift));
      case Op.RLDIMI -> {
        long mask = Arith.mask(field(d), 63 - shift);
        code.gpr(ra(d)).out.loadConstant(shift);
        out.invokestatic(Names.LONG, "rotateLeft", Names.LONG_OF_LONG_INT);
        insert(d, mask);
      }
      case Op.RLDCL, Op.RLDCR -> {
        code.gpr(ra(d)).gpr(rb(d)).out.l2i().loadConstant(63).iand();
        out.invokestatic(Names.LONG, "rotateLeft", Names.LONG_OF_LONG_INT);
        out.loadConstant(op == Op.RLDCL ? -1L >>> field(d) : -1L << (63 - field(d))).land();
      }
      case Op.EXTSWSLI -> code.word(ra(d)).out.loadConstant(field(d) & 63).lshl();
      default -> {
        return false;
      }
    }
    return true;
  }

  private void rotate(long d, int shift, long mask) {
    code.gpr(ra(d));
    if (shift == 0) {
      out.loadConstant(mask).land();
    } else if (mask >>> shift << shift == mask) {
      out.loadConstant(shift).lshl();
      keep(mask, -1L << shift);
    } else if (mask >>> shift == 0) {
      out.loadConstant(64 - shift).lushr();
      keep(mask, -1L >>> (64 - shift));
    } else {
      out.loadConstant(shift).invokestatic(Names.LONG, "rotateLeft", Names.LONG_OF_LONG_INT);
      out.loadConstant(mask).land();
    }
  }

  /** Masks what is on the stack, unless nothing outside the mask can be set. */
  private void keep(long mask, long possible) {
    if (mask != possible) {
      out.loadConstant(mask).land();
    }
  }

  private boolean shifts(int op, long d) {
    String name =
        switch (op) {
          case Op.SLW -> "shiftLeftWord";
          case Op.SRW -> "shiftRightWord";
          case Op.SLD -> "shiftLeft";
          case Op.SRD -> "shiftRight";
          default -> "";
        };
    if (!name.isEmpty()) {
      code.gpr(ra(d)).gpr(rb(d)).out.invokestatic(Names.ARITH, name, Names.LONG_OF_LONGS);
    }
    return !name.isEmpty();
  }

  private boolean algebraic(int op, long d) {
    switch (op) {
      case Op.SRAWI -> {
        lost(code.word(ra(d)).out, rb(d));
        code.word(ra(d)).out.loadConstant(rb(d)).lshr();
      }
      case Op.SRADI -> {
        int shift = field(d) & 63;
        lost(code.gpr(ra(d)).out, shift);
        code.gpr(ra(d)).out.loadConstant(shift).lshr();
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Turns the number on the stack into the carry of its right shift: negative, and bits lost. */
  private void lost(CodeBuilder number, int shift) {
    number.dup2().loadConstant(63).lshr().land().loadConstant((1L << shift) - 1).land();
    number.dup2().lneg().lor().loadConstant(63).lushr().l2i().dup();
    code.locals.set(Locals.CA);
    code.locals.set(Locals.CA32);
  }
}
