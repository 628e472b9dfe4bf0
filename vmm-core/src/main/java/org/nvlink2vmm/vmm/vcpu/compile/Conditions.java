package org.nvlink2vmm.vmm.vcpu.compile;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.field;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.immediate;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/** Comparisons, the condition register, and moves of the branch registers. */
final class Conditions {
  private static final long LOW = 0xffffffffL;

  private final Code code;
  private final CodeBuilder out;

  Conditions(Code code) {
    this.code = code;
    this.out = code.out;
  }

  /** Emits an instruction; false, and nothing, when it is none of these. */
  boolean emit(long d) {
    int op = Insn.op(d);
    return comparison(op, d) || moves(op, d) || conditionRegister(op, d);
  }

  private boolean comparison(int op, long d) {
    int field = Locals.CR + (28 - rt(d)) / 4;
    Runnable number = () -> out.loadConstant(immediate(d));
    switch (op) {
      case Op.CMPW -> code.compare(field, () -> code.word(ra(d)), () -> code.word(rb(d)));
      case Op.CMPD -> code.compare(field, () -> code.gpr(ra(d)), () -> code.gpr(rb(d)));
      case Op.CMPLW -> code.compare(field, () -> low(ra(d)), () -> low(rb(d)));
      case Op.CMPLD -> code.compare(field, () -> shifted(ra(d)), () -> shifted(rb(d)));
      case Op.CMPWI -> code.compare(field, () -> code.word(ra(d)), number);
      case Op.CMPDI -> code.compare(field, () -> code.gpr(ra(d)), number);
      case Op.CMPLWI -> code.compare(field, () -> low(ra(d)), number);
      case Op.CMPLDI ->
          code.compare(
              field, () -> shifted(ra(d)), () -> out.loadConstant(immediate(d) ^ Long.MIN_VALUE));
      default -> {
        return false;
      }
    }
    return true;
  }

  private void low(int register) {
    code.gpr(register).out.loadConstant(LOW).land();
  }

  /** Unsigned numbers compare as signed ones do after a shift by half the range. */
  private void shifted(int register) {
    code.gpr(register).out.loadConstant(Long.MIN_VALUE).lxor();
  }

  private boolean moves(int op, long d) {
    switch (op) {
      case Op.MFLR -> code.get(Locals.LR).result(rt(d), false);
      case Op.MFCTR -> code.get(Locals.CTR).result(rt(d), false);
      case Op.MTLR -> code.gpr(rt(d)).locals.set(Locals.LR);
      case Op.MTCTR -> code.gpr(rt(d)).locals.set(Locals.CTR);
      case Op.NOP -> {}
      case Op.SYNC -> out.invokestatic(Names.VAR_HANDLE, "fullFence", Names.NOTHING);
      case Op.ISEL -> select(d);
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Pushes a condition bit, given how far it is from the right of CR: zero or not. */
  void bit(int fromRight) {
    code.get(Locals.CR + (31 - fromRight) / 4).out.loadConstant(1 << (fromRight & 3)).iand();
  }

  private void select(long d) {
    Label otherwise = out.newLabel();
    Label end = out.newLabel();
    bit(field(d) & 31);
    out.ifeq(otherwise);
    code.gpr(ra(d)).out.goto_(end);
    out.labelBinding(otherwise);
    code.gpr(rb(d)).out.labelBinding(end);
    code.result(rt(d), false);
  }

  private boolean conditionRegister(int op, long d) {
    switch (op) {
      case Op.MFCR -> gather(rt(d), -1);
      case Op.MFOCRF -> gather(rt(d), field(d));
      case Op.MTCRF -> {
        for (int i = 0; i < 8; i++) {
          if ((field(d) >>> (28 - 4 * i) & 15) != 0) {
            code.gpr(rt(d)).out.l2i().loadConstant(28 - 4 * i).iushr().loadConstant(15).iand();
            code.locals.set(Locals.CR + i);
          }
        }
      }
      case Op.MCRF -> {
        code.get(Locals.CR + (field(d) >>> 18 & 7));
        code.locals.set(Locals.CR + (field(d) >>> 23 & 7));
      }
      case Op.CR_LOGIC -> logic(field(d));
      default -> {
        return false;
      }
    }
    return true;
  }

  private void gather(int target, int mask) {
    out.iconst_0();
    for (int i = 0; i < 8; i++) {
      if ((mask >>> (28 - 4 * i) & 15) != 0) {
        code.get(Locals.CR + i).out.loadConstant(28 - 4 * i).ishl().ior();
      }
    }
    out.i2l().loadConstant(LOW).land();
    code.result(target, false);
  }

  /** Pushes a condition bit named as the instructions do, from the left, as 0 or 1. */
  private CodeBuilder bitFromLeft(int number) {
    return code.get(Locals.CR + number / 4).out.loadConstant(3 - number % 4).iushr();
  }

  private void logic(int word) {
    int target = word >>> 21 & 31;
    bitFromLeft(word >>> 16 & 31);
    bitFromLeft(word >>> 11 & 31);
    switch (word >>> 1 & 0x3ff) {
      case 33 -> not(out.ior());
      case 129 -> not(out).iand();
      case 193 -> out.ixor();
      case 225 -> not(out.iand());
      case 257 -> out.iand();
      case 289 -> not(out.ixor());
      case 417 -> not(out).ior();
      default -> out.ior();
    }
    int shift = 3 - target % 4;
    out.iconst_1().iand().loadConstant(shift).ishl();
    code.get(Locals.CR + target / 4).out.loadConstant(15 & ~(1 << shift)).iand().ior();
    code.locals.set(Locals.CR + target / 4);
  }

  private static CodeBuilder not(CodeBuilder out) {
    return out.iconst_m1().ixor();
  }
}
