package org.nvlink2vmm.vmm.vcpu;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.field;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.immediate;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import org.nvlink2vmm.vmm.vcpu.isa.Arith;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * Arithmetic and logic that is common, but not as common as what the interpreter's loop holds
 * itself. The caller puts the result into the target and records CR0 where the record bit is set.
 */
final class FixedPoint {
  private final CpuState s;

  FixedPoint(CpuState state) {
    this.s = state;
  }

  long execute(long d) {
    final long[] gpr = s.gpr;
    final long a = gpr[ra(d)];
    return switch (Insn.op(d)) {
      case Op.NEG -> -a;
      case Op.MULLI -> a * immediate(d);
      case Op.MULLW -> (long) (int) a * (int) gpr[rb(d)];
      case Op.MULLD -> a * gpr[rb(d)];
      case Op.ADDIC -> s.addCarrying(a, immediate(d), 0);
      case Op.SUBFIC -> s.addCarrying(~a, immediate(d), 1);
      case Op.ADDC -> s.addCarrying(a, gpr[rb(d)], 0);
      case Op.ADDE -> s.addCarrying(a, gpr[rb(d)], s.ca);
      case Op.SUBFC -> s.addCarrying(~a, gpr[rb(d)], 1);
      case Op.SUBFE -> s.addCarrying(~a, gpr[rb(d)], s.ca);
      case Op.ADDZE -> s.addCarrying(a, 0, s.ca);
      case Op.SUBFZE -> s.addCarrying(~a, 0, s.ca);
      case Op.ANDIS -> recorded(a & immediate(d) << 16);
      case Op.ORIS -> a | immediate(d) << 16;
      case Op.XORI -> a ^ immediate(d);
      case Op.XORIS -> a ^ immediate(d) << 16;
      case Op.ANDC -> a & ~gpr[rb(d)];
      case Op.ORC -> a | ~gpr[rb(d)];
      case Op.XOR -> a ^ gpr[rb(d)];
      case Op.NAND -> ~(a & gpr[rb(d)]);
      case Op.NOR -> ~(a | gpr[rb(d)]);
      case Op.EQV -> ~(a ^ gpr[rb(d)]);
      case Op.EXTSB -> (byte) a;
      case Op.EXTSH -> (short) a;
      case Op.CNTLZW -> Integer.numberOfLeadingZeros((int) a);
      case Op.CNTLZD -> Long.numberOfLeadingZeros(a);
      default -> shifted(d, a);
    };
  }

  private long recorded(long result) {
    s.recordCr0(result);
    return result;
  }

  private long shifted(long d, long a) {
    final long[] gpr = s.gpr;
    return switch (Insn.op(d)) {
      case Op.RLWNM -> Arith.rotateWord(a, (int) gpr[rb(d)]) & Arith.wordMask(field(d));
      case Op.RLWIMI -> insert(d, Arith.rotateWord(a, rb(d)), Arith.wordMask(field(d)));
      case Op.RLDIC -> Long.rotateLeft(a, rb(d)) & Arith.mask(field(d), 63 - rb(d));
      case Op.RLDIMI -> insert(d, Long.rotateLeft(a, rb(d)), Arith.mask(field(d), 63 - rb(d)));
      case Op.SLW -> Arith.shiftLeftWord(a, gpr[rb(d)]);
      case Op.SRW -> Arith.shiftRightWord(a, gpr[rb(d)]);
      case Op.SLD -> Arith.shiftLeft(a, gpr[rb(d)]);
      case Op.SRD -> Arith.shiftRight(a, gpr[rb(d)]);
      case Op.SRAWI -> s.shiftRightAlgebraicWord(a, rb(d));
      default -> s.shiftRightAlgebraic(a, field(d));
    };
  }

  /** The target with the bits of a mask replaced. */
  private long insert(long d, long bits, long mask) {
    return (bits & mask) | (s.gpr[rt(d)] & ~mask);
  }
}
