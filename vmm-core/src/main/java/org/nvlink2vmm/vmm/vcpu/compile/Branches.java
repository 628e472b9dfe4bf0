package org.nvlink2vmm.vmm.vcpu.compile;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.immediate;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rc;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/** Branches: jumps where they stay inside the region, exits where they do not. */
final class Branches {
  /** BO bits (Power ISA, book I, section 2.4): ignore the condition, ignore CTR. */
  private static final int ANY_CONDITION = 16;

  private static final int ANY_COUNT = 4;

  private final Code code;
  private final CodeBuilder out;
  private final Conditions conditions;

  Branches(Code code, Conditions conditions) {
    this.code = code;
    this.out = code.out;
    this.conditions = conditions;
  }

  /** Emits an instruction; false, and nothing, when it is no branch. */
  boolean emit(long d) {
    switch (Insn.op(d)) {
      case Op.B -> direct(d);
      case Op.BL -> {
        link();
        direct(d);
      }
      case Op.BLR -> {
        code.count(1);
        code.get(Locals.LR).out.loadConstant(~3L).land().lstore(Locals.PC);
        code.comeBack();
      }
      case Op.BCTR -> {
        code.count(1);
        code.get(Locals.CTR).out.loadConstant(~3L).land();
        code.leave();
      }
      case Op.BC_TRUE -> conditional(d, ANY_COUNT | 8);
      case Op.BC_FALSE -> conditional(d, ANY_COUNT);
      case Op.BDNZ -> conditional(d, ANY_CONDITION);
      case Op.BC -> conditional(d, rt(d));
      case Op.BCLR -> conditionalIndirect(d, Locals.LR, rt(d));
      case Op.BCCTR -> conditionalIndirect(d, Locals.CTR, rt(d) | ANY_COUNT);
      default -> {
        return false;
      }
    }
    return true;
  }

  private void link() {
    code.address(code.at + 1L).masked().locals.set(Locals.LR);
  }

  /** Goes to the target of a direct branch, the instruction counted. */
  private void direct(long d) {
    if (Insn.aa(d)) {
      code.count(1);
      out.loadConstant(immediate(d));
      code.leave();
    } else {
      code.branch(code.at + (immediate(d) >> 2));
    }
  }

  private void conditional(long d, int bo) {
    boolean links = Insn.op(d) == Op.BC && rc(d);
    Label notTaken = out.newLabel();
    test(bo, rb(d), links, notTaken);
    direct(d);
    out.labelBinding(notTaken);
    code.fallThrough();
  }

  private void conditionalIndirect(long d, int register, int bo) {
    Label notTaken = out.newLabel();
    code.get(register).out.loadConstant(~3L).land().lstore(Locals.PC);
    test(bo, rb(d), rc(d), notTaken);
    code.count(1);
    code.comeBack();
    out.labelBinding(notTaken);
    code.fallThrough();
  }

  /** Counts down if the branch does, links if it does, and goes on when it is taken. */
  private void test(int bo, int bit, boolean links, Label notTaken) {
    if ((bo & ANY_COUNT) == 0) {
      code.get(Locals.CTR).out.lconst_1().lsub();
      code.locals.set(Locals.CTR);
    }
    if (links) {
      link();
    }
    if ((bo & ANY_COUNT) == 0) {
      code.get(Locals.CTR).masked().out.lconst_0().lcmp();
      branchUnless((bo & 2) != 0, notTaken);
    }
    if ((bo & ANY_CONDITION) == 0) {
      conditions.bit(bit);
      branchUnless((bo & 8) == 0, notTaken);
    }
  }

  /** Goes to a label unless the number on the stack is zero, or is not, as wanted. */
  private void branchUnless(boolean zero, Label otherwise) {
    if (zero) {
      out.ifne(otherwise);
    } else {
      out.ifeq(otherwise);
    }
  }
}
