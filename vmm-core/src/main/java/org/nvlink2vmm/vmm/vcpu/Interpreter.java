package org.nvlink2vmm.vmm.vcpu;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.field;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.immediate;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rc;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import java.lang.invoke.VarHandle;
import org.nvlink2vmm.vmm.vcpu.isa.Arith;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * Executes decoded instructions of one thread. The loop is one method on purpose: its cases share
 * the locals that a just-in-time compiler keeps in registers. It must stay below the 8000 bytes of
 * bytecode over which HotSpot refuses to compile a method; a test holds it there. Whatever is rare,
 * long or privileged lives in {@link RareOps} and {@link Privileged}.
 */
final class Interpreter {
  /** No address of an instruction: a target that was not set. */
  private static final long NO_BRANCH = 1;

  private final CpuState s;
  private final Storage m;
  private final FixedPoint fixed;
  private final RareOps rare;

  /** One instruction and what ends it, for {@link #step}. */
  private final long[] single = new long[CodeCache.WORDS + 1];

  Interpreter(CpuState state, Storage storage, RareOps rare) {
    this.s = state;
    this.m = storage;
    this.fixed = new FixedPoint(state);
    this.rare = rare;
  }

  /** Interprets exactly one instruction (or takes its fault). */
  void step() {
    CodePage page = m.page(s.pc);
    if (page == null) {
      return;
    }
    int index = CodePage.index(s.pc);
    single[index] = m.instruction(page, index);
    single[index + 1] = Op.END_OF_PAGE;
    run(1, single, false);
  }

  /**
   * Executes until about {@code budget} instructions are done, {@link CpuState#attention} is set,
   * or an instruction ended with an {@link Event}.
   *
   * @param afterBlock whether to return behind a compiled block as well
   * @return what is left of the budget; zero or less when it was used up
   */
  int run(int budget, boolean afterBlock) {
    return run(budget, null, afterBlock);
  }

  // The loop of the interpreter: one case an operation, in one method for the reason given above.
  private int run(int budget, long[] only, boolean afterBlock) {
    final CpuState s = this.s;
    final Storage m = this.m;
    final FixedPoint fixed = this.fixed;
    final long[] gpr = s.gpr;
    final long addressMask = s.wide ? -1L : 0xffffffffL;
    long pc = s.pc & addressMask;
    int left = budget;
    fetch:
    for (; ; ) {
      final CodePage page = m.page(pc);
      if (page == null) {
        s.pc = pc;
        break;
      }
      final long[] code = only == null ? page.code : only;
      final long base = pc & -4096L;
      int i = CodePage.index(pc);
      int start = i;
      for (; ; ) {
        final long d = code[i++];
        long value = 0;
        long target = NO_BRANCH;
        switch ((int) d & Insn.OP_MASK) {
          case Op.UNDECODED -> {
            m.decode(page, --i);
            continue;
          }
          case Op.COMPILED -> {
            final CompiledBlock block = page.block(--i);
            if (block == null) {
              continue;
            }
            left = block.run(s, m, rare, base, left - (i - start));
            if (s.event != Event.NONE || left <= 0 || s.attention || afterBlock) {
              break fetch;
            }
            pc = s.pc;
            continue fetch;
          }
          case Op.END_OF_PAGE -> {
            left -= i - 1 - start;
            pc = base + 4L * (i - 1) & addressMask;
            if (only != null || left <= 0) {
              s.pc = pc;
              break fetch;
            }
            continue fetch;
          }
          case Op.ADDI, Op.ADDIS -> {
            gpr[rt(d)] = gpr[ra(d)] + immediate(d);
            continue;
          }
          case Op.ADD -> {
            final long r = gpr[ra(d)] + gpr[rb(d)];
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.SUBF -> {
            final long r = gpr[rb(d)] - gpr[ra(d)];
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.ANDI -> {
            final long r = gpr[ra(d)] & immediate(d);
            gpr[rt(d)] = r;
            s.recordCr0(r);
            continue;
          }
          case Op.ORI -> {
            gpr[rt(d)] = gpr[ra(d)] | immediate(d);
            continue;
          }
          case Op.AND -> {
            final long r = gpr[ra(d)] & gpr[rb(d)];
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.OR -> {
            final long r = gpr[ra(d)] | gpr[rb(d)];
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.EXTSW -> {
            final long r = (int) gpr[ra(d)];
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.RLWINM -> {
            final long r = Arith.rotateWord(gpr[ra(d)], rb(d)) & Arith.wordMask(field(d));
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.RLDICL -> {
            final long r = Long.rotateLeft(gpr[ra(d)], rb(d)) & -1L >>> field(d);
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.RLDICR -> {
            final long r = Long.rotateLeft(gpr[ra(d)], rb(d)) & -1L << (63 - field(d));
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.NEG,
              Op.MULLI,
              Op.MULLW,
              Op.MULLD,
              Op.ADDIC,
              Op.SUBFIC,
              Op.ADDC,
              Op.ADDE,
              Op.SUBFC,
              Op.SUBFE,
              Op.ADDZE,
              Op.SUBFZE,
              Op.ANDIS,
              Op.ORIS,
              Op.XORI,
              Op.XORIS,
              Op.ANDC,
              Op.ORC,
              Op.XOR,
              Op.NAND,
              Op.NOR,
              Op.EQV,
              Op.EXTSB,
              Op.EXTSH,
              Op.CNTLZW,
              Op.CNTLZD,
              Op.RLWNM,
              Op.RLWIMI,
              Op.RLDIC,
              Op.RLDIMI,
              Op.SLW,
              Op.SRW,
              Op.SLD,
              Op.SRD,
              Op.SRAWI,
              Op.SRADI -> {
            final long r = fixed.execute(d);
            gpr[rt(d)] = r;
            if (rc(d)) {
              s.recordCr0(r);
            }
            continue;
          }
          case Op.CMPW -> {
            s.compareSigned(rt(d), Arith.word(gpr[ra(d)]), Arith.word(gpr[rb(d)]));
            continue;
          }
          case Op.CMPD -> {
            s.compareSigned(rt(d), gpr[ra(d)], gpr[rb(d)]);
            continue;
          }
          case Op.CMPLW -> {
            s.compareUnsigned(rt(d), gpr[ra(d)] & 0xffffffffL, gpr[rb(d)] & 0xffffffffL);
            continue;
          }
          case Op.CMPLD -> {
            s.compareUnsigned(rt(d), gpr[ra(d)], gpr[rb(d)]);
            continue;
          }
          case Op.CMPWI -> {
            s.compareSigned(rt(d), Arith.word(gpr[ra(d)]), immediate(d));
            continue;
          }
          case Op.CMPDI -> {
            s.compareSigned(rt(d), gpr[ra(d)], immediate(d));
            continue;
          }
          case Op.CMPLWI -> {
            s.compareUnsigned(rt(d), gpr[ra(d)] & 0xffffffffL, immediate(d));
            continue;
          }
          case Op.CMPLDI -> {
            s.compareUnsigned(rt(d), gpr[ra(d)], immediate(d));
            continue;
          }
          case Op.CMPB -> {
            gpr[rt(d)] = Arith.compareBytes(gpr[ra(d)], gpr[rb(d)]);
            continue;
          }
          case Op.ISEL -> {
            gpr[rt(d)] = (s.cr >>> field(d) & 1) != 0 ? gpr[ra(d)] : gpr[rb(d)];
            continue;
          }
          case Op.MFLR -> {
            gpr[rt(d)] = s.lr;
            continue;
          }
          case Op.MTLR -> {
            s.lr = gpr[rt(d)];
            continue;
          }
          case Op.MFCTR -> {
            gpr[rt(d)] = s.ctr;
            continue;
          }
          case Op.MTCTR -> {
            s.ctr = gpr[rt(d)];
            continue;
          }
          case Op.MFCR -> {
            gpr[rt(d)] = s.cr & 0xffffffffL;
            continue;
          }
          case Op.MFOCRF -> {
            gpr[rt(d)] = s.cr & field(d) & 0xffffffffL;
            continue;
          }
          case Op.MTCRF -> {
            s.cr = (s.cr & ~field(d)) | ((int) gpr[rt(d)] & field(d));
            continue;
          }
          case Op.MCRF -> {
            s.moveCrField(field(d));
            continue;
          }
          case Op.CR_LOGIC -> {
            s.crLogic(field(d));
            continue;
          }
          case Op.NOP -> {
            continue;
          }
          case Op.SYNC -> {
            VarHandle.fullFence();
            continue;
          }
          case Op.B -> target = Insn.aa(d) ? immediate(d) : base + 4L * (i - 1) + immediate(d);
          case Op.BL -> {
            s.lr = base + 4L * i & addressMask;
            target = Insn.aa(d) ? immediate(d) : base + 4L * (i - 1) + immediate(d);
          }
          case Op.BC_TRUE -> {
            if ((s.cr >>> rb(d) & 1) == 0) {
              continue;
            }
            target = base + 4L * (i - 1) + immediate(d);
          }
          case Op.BC_FALSE -> {
            if ((s.cr >>> rb(d) & 1) != 0) {
              continue;
            }
            target = base + 4L * (i - 1) + immediate(d);
          }
          case Op.BDNZ -> {
            if ((--s.ctr & addressMask) == 0) {
              continue;
            }
            target = base + 4L * (i - 1) + immediate(d);
          }
          case Op.BC -> {
            final boolean taken = s.branches(rt(d), rb(d));
            if (rc(d)) {
              s.lr = base + 4L * i & addressMask;
            }
            if (!taken) {
              continue;
            }
            target = Insn.aa(d) ? immediate(d) : base + 4L * (i - 1) + immediate(d);
          }
          case Op.BLR -> target = s.lr & ~3L;
          case Op.BCTR -> target = s.ctr & ~3L;
          case Op.BCLR -> {
            target = s.lr & ~3L;
            final boolean taken = s.branches(rt(d), rb(d));
            if (rc(d)) {
              s.lr = base + 4L * i & addressMask;
            }
            if (!taken) {
              continue;
            }
          }
          case Op.BCCTR -> {
            target = s.ctr & ~3L;
            final boolean taken = s.branches(rt(d) | 4, rb(d));
            if (rc(d)) {
              s.lr = base + 4L * i & addressMask;
            }
            if (!taken) {
              continue;
            }
          }
          case Op.LBZ -> {
            value = m.load1(gpr[ra(d)] + immediate(d));
          }
          case Op.LHZ -> {
            value = m.load2(gpr[ra(d)] + immediate(d));
          }
          case Op.LHA -> {
            value = (short) m.load2(gpr[ra(d)] + immediate(d));
          }
          case Op.LWZ -> {
            value = m.load4(gpr[ra(d)] + immediate(d));
          }
          case Op.LWA -> {
            value = (int) m.load4(gpr[ra(d)] + immediate(d));
          }
          case Op.LD -> {
            value = m.load8(gpr[ra(d)] + immediate(d));
          }
          case Op.LBZX -> {
            value = m.load1(gpr[ra(d)] + gpr[rb(d)]);
          }
          case Op.LHZX -> {
            value = m.load2(gpr[ra(d)] + gpr[rb(d)]);
          }
          case Op.LHAX -> {
            value = (short) m.load2(gpr[ra(d)] + gpr[rb(d)]);
          }
          case Op.LWZX -> {
            value = m.load4(gpr[ra(d)] + gpr[rb(d)]);
          }
          case Op.LWAX -> {
            value = (int) m.load4(gpr[ra(d)] + gpr[rb(d)]);
          }
          case Op.LDX -> {
            value = m.load8(gpr[ra(d)] + gpr[rb(d)]);
          }
          case Op.STB -> {
            value = gpr[rt(d)];
            m.store1(gpr[ra(d)] + immediate(d), value);
          }
          case Op.STH -> {
            value = gpr[rt(d)];
            m.store2(gpr[ra(d)] + immediate(d), value);
          }
          case Op.STW -> {
            value = gpr[rt(d)];
            m.store4(gpr[ra(d)] + immediate(d), value);
          }
          case Op.STD -> {
            value = gpr[rt(d)];
            m.store8(gpr[ra(d)] + immediate(d), value);
          }
          case Op.STBX -> {
            value = gpr[rt(d)];
            m.store1(gpr[ra(d)] + gpr[rb(d)], value);
          }
          case Op.STHX -> {
            value = gpr[rt(d)];
            m.store2(gpr[ra(d)] + gpr[rb(d)], value);
          }
          case Op.STWX -> {
            value = gpr[rt(d)];
            m.store4(gpr[ra(d)] + gpr[rb(d)], value);
          }
          case Op.STDX -> {
            value = gpr[rt(d)];
            m.store8(gpr[ra(d)] + gpr[rb(d)], value);
          }
          case Op.STDU -> {
            final long ea = gpr[ra(d)] + immediate(d);
            m.store8(ea, gpr[rt(d)]);
            if (s.event == Event.NONE) {
              gpr[ra(d)] = ea;
            }
            value = gpr[rt(d)];
          }
          case Op.LBZU, Op.LHZU, Op.LWZU, Op.LDU, Op.STBU, Op.STHU, Op.STWU ->
              value = rare.update(d);
          default -> {
            value = rare.execute(d, base + 4L * (i - 1));
          }
        }
        if (target == NO_BRANCH) {
          // A load, a store, or something out of line is done.
          if (s.event == Event.NONE) {
            gpr[rt(d)] = value;
            continue;
          }
          left -= i - start;
          if (s.event == Event.FAULT) {
            left++;
            s.pc = base + 4L * (i - 1);
          } else {
            gpr[rt(d)] = value;
          }
          break fetch;
        }
        // A branch is taken.
        left -= i - start;
        target &= addressMask;
        if (left <= 0 || s.attention) {
          s.pc = target;
          break fetch;
        }
        if (((target ^ base) & -4096L) == 0 && only == null) {
          i = CodePage.index(target);
          start = i;
          continue;
        }
        pc = target;
        continue fetch;
      }
    }
    s.instructions += budget - left;
    return left;
  }
}
