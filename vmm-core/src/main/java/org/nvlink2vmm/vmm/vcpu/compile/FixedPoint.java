package org.nvlink2vmm.vmm.vcpu.compile;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.field;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.immediate;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rc;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import java.lang.classfile.CodeBuilder;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/** Arithmetic, logic and counting: instructions with one result and perhaps CR0 and the carry. */
final class FixedPoint {
  private final Code code;
  private final CodeBuilder out;

  FixedPoint(Code code) {
    this.code = code;
    this.out = code.out;
  }

  /** Emits an instruction; false, and nothing, when it is none of these. */
  boolean emit(long d) {
    int op = Insn.op(d);
    boolean known =
        immediates(op, d) || sums(op, d) || carrying(op, d) || logic(op, d) || counts(op, d);
    if (known) {
      boolean always = op == Op.ANDI || op == Op.ANDIS || op == Op.ADDIC_RC;
      boolean never = op == Op.MADDLD || op == Op.ADDPCIS || op == Op.CMPB;
      code.result(rt(d), always || (rc(d) && !never));
    }
    return known;
  }

  private boolean immediates(int op, long d) {
    long number = immediate(d);
    switch (op) {
      case Op.ADDI, Op.ADDIS -> {
        if (ra(d) == Insn.ZERO) {
          out.loadConstant(number);
        } else {
          code.gpr(ra(d));
          out.loadConstant(number).ladd();
        }
      }
      case Op.MULLI -> constant(d, number).lmul();
      case Op.ANDI -> constant(d, number).land();
      case Op.ANDIS -> constant(d, number << 16).land();
      case Op.ORI -> constant(d, number).lor();
      case Op.ORIS -> constant(d, number << 16).lor();
      case Op.XORI -> constant(d, number).lxor();
      case Op.XORIS -> constant(d, number << 16).lxor();
      case Op.ADDPCIS -> code.address(code.at + 1L).out.loadConstant(displacement(d)).ladd();
      default -> {
        return false;
      }
    }
    return true;
  }

  private CodeBuilder constant(long d, long number) {
    return code.gpr(ra(d)).out.loadConstant(number);
  }

  /** addpcis scatters its sixteen bits over three fields. */
  private static long displacement(long d) {
    int word = field(d);
    short bits = (short) ((word & 0xffc0) | (word >>> 15 & 0x3e) | (word & 1));
    return (long) bits << 16;
  }

  private CodeBuilder both(long d) {
    return code.gpr(ra(d)).gpr(rb(d)).out;
  }

  private boolean sums(int op, long d) {
    switch (op) {
      case Op.ADD -> both(d).ladd();
      case Op.SUBF -> code.gpr(rb(d)).gpr(ra(d)).out.lsub();
      case Op.NEG -> code.gpr(ra(d)).out.lneg();
      case Op.MULLW -> code.word(ra(d)).word(rb(d)).out.lmul();
      case Op.MULLD -> both(d).lmul();
      case Op.MULHW -> code.word(ra(d)).word(rb(d)).out.lmul().loadConstant(32).lushr();
      case Op.MULHWU -> {
        low(ra(d));
        low(rb(d));
        out.lmul().loadConstant(32).lushr();
      }
      case Op.MULHD -> both(d).invokestatic(Names.MATH, "multiplyHigh", Names.LONG_OF_LONGS);
      case Op.MULHDU ->
          both(d).invokestatic(Names.MATH, "unsignedMultiplyHigh", Names.LONG_OF_LONGS);
      case Op.MADDLD -> both(d).lmul().lload(addend(d)).ladd();
      default -> {
        return false;
      }
    }
    return true;
  }

  /** The local that the third source of maddld is copied to. */
  private int addend(long d) {
    code.gpr(field(d) >>> 6 & 31);
    out.lstore(Locals.SCRATCH);
    return Locals.SCRATCH;
  }

  private void low(int register) {
    code.gpr(register).out.loadConstant(0xffffffffL).land();
  }

  private boolean carrying(int op, long d) {
    switch (op) {
      case Op.ADDIC, Op.ADDIC_RC -> {
        code.gpr(ra(d)).out.loadConstant(immediate(d)).iconst_0();
      }
      case Op.SUBFIC -> complement(d).loadConstant(immediate(d)).iconst_1();
      case Op.ADDC -> both(d).iconst_0();
      case Op.ADDE -> {
        both(d);
        code.get(Locals.CA);
      }
      case Op.ADDZE -> {
        code.gpr(ra(d)).out.lconst_0();
        code.get(Locals.CA);
      }
      case Op.SUBFC -> {
        complement(d);
        code.gpr(rb(d)).out.iconst_1();
      }
      case Op.SUBFE -> {
        complement(d);
        code.gpr(rb(d)).get(Locals.CA);
      }
      case Op.SUBFZE -> {
        complement(d).lconst_0();
        code.get(Locals.CA);
      }
      default -> {
        return false;
      }
    }
    addWithCarry();
    return true;
  }

  private CodeBuilder complement(long d) {
    return not(code.gpr(ra(d)).out);
  }

  private static CodeBuilder not(CodeBuilder out) {
    return out.loadConstant(-1L).lxor();
  }

  /** Turns a, b and carry on the stack into their sum, the carries recorded. */
  private void addWithCarry() {
    out.istore(Locals.SCRATCH_INT).lstore(Locals.SCRATCH_2).lstore(Locals.SCRATCH);
    out.lload(Locals.SCRATCH).lload(Locals.SCRATCH_2).iload(Locals.SCRATCH_INT);
    out.invokestatic(Names.ARITH, "carryWord", Names.CARRY);
    code.locals.set(Locals.CA32);
    out.lload(Locals.SCRATCH).lload(Locals.SCRATCH_2).ladd().iload(Locals.SCRATCH_INT).i2l();
    out.ladd().lstore(Locals.SCRATCH_3);
    if (code.wide) {
      out.lload(Locals.SCRATCH).lload(Locals.SCRATCH_3).iload(Locals.SCRATCH_INT);
      out.invokestatic(Names.ARITH, "carry", Names.CARRY);
    } else {
      code.get(Locals.CA32);
    }
    code.locals.set(Locals.CA);
    out.lload(Locals.SCRATCH_3);
  }

  private boolean logic(int op, long d) {
    switch (op) {
      case Op.AND -> both(d).land();
      case Op.ANDC -> not(both(d)).land();
      case Op.OR -> {
        if (ra(d) == rb(d)) {
          code.gpr(ra(d));
        } else {
          both(d).lor();
        }
      }
      case Op.ORC -> not(both(d)).lor();
      case Op.XOR -> both(d).lxor();
      case Op.NAND -> not(both(d).land());
      case Op.NOR -> not(both(d).lor());
      case Op.EQV -> not(both(d).lxor());
      case Op.EXTSB -> code.gpr(ra(d)).out.l2i().i2b().i2l();
      case Op.EXTSH -> code.gpr(ra(d)).out.l2i().i2s().i2l();
      case Op.EXTSW -> code.word(ra(d));
      case Op.CMPB -> both(d).invokestatic(Names.ARITH, "compareBytes", Names.LONG_OF_LONGS);
      case Op.BPERMD -> both(d).invokestatic(Names.ARITH, "permuteBits", Names.LONG_OF_LONGS);
      default -> {
        return false;
      }
    }
    return true;
  }

  private boolean counts(int op, long d) {
    String name =
        switch (op) {
          case Op.CNTLZW, Op.CNTLZD -> "numberOfLeadingZeros";
          case Op.CNTTZW, Op.CNTTZD -> "numberOfTrailingZeros";
          case Op.POPCNTD -> "bitCount";
          case Op.POPCNTB -> "countBytes";
          case Op.POPCNTW -> "countWords";
          case Op.PRTYW -> "parityWords";
          case Op.PRTYD -> "parity";
          default -> "";
        };
    if (name.isEmpty()) {
      return false;
    }
    code.gpr(ra(d));
    switch (op) {
      case Op.CNTLZW, Op.CNTTZW ->
          out.l2i().invokestatic(Names.INTEGER, name, Names.INT_OF_INT).i2l();
      case Op.CNTLZD, Op.CNTTZD, Op.POPCNTD ->
          out.invokestatic(Names.LONG, name, Names.INT_OF_LONG).i2l();
      default -> out.invokestatic(Names.ARITH, name, Names.LONG_OF_LONG);
    }
    return true;
  }
}
