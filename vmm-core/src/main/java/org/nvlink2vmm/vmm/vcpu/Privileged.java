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
 * Traps, system calls, the machine state register, special purpose registers, look-aside
 * invalidation, and the interrupts themselves. The guest runs with HV clear: what belongs to the
 * hypervisor is an illegal instruction to it.
 */
final class Privileged {
  private final CpuState s;
  private final Storage m;
  private final Registers registers;
  private final Broadcast broadcast;
  private final VectorMoves vectors;

  /** Illegal instructions met, and the last one; for the report. */
  long illegalCount;

  long illegalPc;
  int illegalWord;
  long firstIllegalPc;
  int firstIllegalWord;

  final InterruptLog log = new InterruptLog();

  Privileged(CpuState state, Storage storage, Registers registers, Broadcast broadcast) {
    this.s = state;
    this.m = storage;
    this.registers = registers;
    this.broadcast = broadcast;
    this.vectors = new VectorMoves(state, storage);
  }

  long execute(long d, long pc) {
    switch (Insn.op(d)) {
      case Op.TW -> trap(rt(d), Arith.word(s.gpr[ra(d)]), Arith.word(s.gpr[rb(d)]));
      case Op.TWI -> trap(rt(d), Arith.word(s.gpr[ra(d)]), immediate(d));
      case Op.TD -> trap(rt(d), s.gpr[ra(d)], s.gpr[rb(d)]);
      case Op.TDI -> trap(rt(d), s.gpr[ra(d)], immediate(d));
      case Op.SC -> systemCall(field(d) >>> 5 & 0x7f, pc);
      case Op.SCV -> systemCallVectored(field(d) >>> 5 & 0x7f, pc);
      case Op.ISYNC, Op.WAIT -> {}
      case Op.RFSCV -> returnTo(s.lr, s.ctr);
      case Op.FLOATING -> unavailable(Msr.FP, Vector.FP_UNAVAILABLE, d, pc);
      case Op.VECTOR -> {
        if (!s.has(Msr.VEC) || !vectors.execute(field(d))) {
          unavailable(Msr.VEC, Vector.VECTOR_UNAVAILABLE, d, pc);
        }
      }
      case Op.VSX -> unavailable(Msr.VSX, Vector.VSX_UNAVAILABLE, d, pc);
      case Op.MFTB -> {
        return registers.read(sprNumber(d));
      }
      case Op.MFSPR -> {
        return readSpr(d, pc);
      }
      case Op.MTSPR -> writeSpr(d, pc);
      case Op.HRFID, Op.STOP, Op.ILLEGAL -> illegal(d, pc);
      default -> {
        return supervisor(d, pc);
      }
    }
    return s.gpr[rt(d)];
  }

  private long supervisor(long d, long pc) {
    if (s.has(Msr.PR)) {
      program(Vector.PROGRAM_PRIVILEGED);
      return 0;
    }
    switch (Insn.op(d)) {
      case Op.MFMSR -> {
        return s.msr;
      }
      case Op.RFID -> returnTo(s.srr0, s.srr1);
      case Op.MTMSR -> moveToMsr(d, pc, (s.msr & ~0xffffffffL) | (s.gpr[rt(d)] & 0xffffffffL));
      case Op.MTMSRD -> moveToMsr(d, pc, s.gpr[rt(d)]);
      case Op.TLBIE -> {
        invalidate(s.gpr[rb(d)]);
        broadcast.invalidate();
      }
      case Op.TLBIEL -> invalidate(s.gpr[rb(d)]);
      case Op.TLBSYNC, Op.PTESYNC -> broadcast.await();
      default -> {}
    }
    return s.gpr[rt(d)];
  }

  private void trap(int conditions, long a, long b) {
    boolean trapped =
        ((conditions & 16) != 0 && a < b)
            || ((conditions & 8) != 0 && a > b)
            || ((conditions & 4) != 0 && a == b)
            || ((conditions & 2) != 0 && Long.compareUnsigned(a, b) < 0)
            || ((conditions & 1) != 0 && Long.compareUnsigned(a, b) > 0);
    if (trapped) {
      program(Vector.PROGRAM_TRAP);
    }
  }

  private void systemCall(int level, long pc) {
    if (level == 1) {
      s.pc = pc + 4;
      s.event = Event.HYPERCALL;
    } else {
      interrupt(Vector.SYSTEM_CALL, pc + 4, 0);
      s.event = Event.CONTEXT;
    }
  }

  private void systemCallVectored(int level, long pc) {
    s.lr = pc + 4;
    s.ctr = s.msr & Msr.SAVED;
    long base = s.alternateLocation == 3 ? CpuState.SCV_VIRTUAL_VECTOR : 0x17000;
    enter(base + 0x20L * level, s.alternateLocation == 3, s.msr & (Msr.EE | Msr.RI));
    s.event = Event.CONTEXT;
  }

  /** A unit we lack: unavailable while MSR says so, illegal once the guest switched it on. */
  private void unavailable(long enabled, int vector, long d, long pc) {
    if (s.has(enabled)) {
      illegal(d, pc);
    } else {
      fault(vector, 0);
    }
  }

  private void illegal(long d, long pc) {
    if (illegalCount++ == 0) {
      firstIllegalPc = pc;
      firstIllegalWord = field(d);
    }
    illegalPc = pc;
    illegalWord = field(d);
    program(Vector.PROGRAM_ILLEGAL);
  }

  private void program(long reason) {
    fault(Vector.PROGRAM, reason);
  }

  private void fault(int vector, long reason) {
    s.event = Event.FAULT;
    m.faultVector = vector;
    m.faultReason = reason;
  }

  private void returnTo(long address, long newMsr) {
    s.pc = address & ~3L;
    setMsr(newMsr);
    s.event = Event.CONTEXT;
  }

  private void moveToMsr(long d, long pc, long value) {
    boolean onlyEnable = (field(d) & 1 << 16) != 0;
    long mask = onlyEnable ? Msr.EE | Msr.RI : ~Msr.LE;
    s.pc = pc + 4;
    setMsr((s.msr & ~mask) | (value & mask));
    s.event = Event.CONTEXT;
  }

  void setMsr(long value) {
    long msr = value & Msr.GUEST;
    if ((msr & Msr.PR) != 0) {
      msr |= Msr.EE | Msr.IR | Msr.DR;
    }
    s.msr = msr;
    s.wide = (msr & Msr.SF) != 0;
    m.modeChanged();
  }

  /** Takes an interrupt: SRR0, SRR1, the new MSR and the vector. */
  void interrupt(int vector, long returnAddress, long reason) {
    if (vector != Vector.SYSTEM_CALL) {
      log.took(vector, returnAddress, s.dar);
    }
    s.srr0 = returnAddress;
    s.srr1 = (s.msr & Msr.SAVED) | reason;
    boolean virtual = s.alternateLocation == 3 && s.has(Msr.IR) && s.has(Msr.DR);
    enter(virtual ? CpuState.VIRTUAL_VECTORS + vector : vector, virtual, 0);
  }

  private void enter(long address, boolean virtual, long kept) {
    long msr = Msr.SF | (s.msr & Msr.ME) | kept;
    msr |= virtual ? Msr.IR | Msr.DR : 0;
    msr |= s.interruptsLittleEndian ? Msr.LE : 0;
    s.pc = address;
    setMsr(msr);
  }

  // Special purpose registers.

  private static int sprNumber(long d) {
    return (field(d) >>> 16 & 31) | (field(d) >>> 6 & 0x3e0);
  }

  private long readSpr(long d, long pc) {
    int number = sprNumber(d);
    if (!allowed(number, d, pc)) {
      return 0;
    }
    // Reading a register that does not exist leaves the target alone.
    return registers.exists(number) ? registers.read(number) : s.gpr[rt(d)];
  }

  private void writeSpr(long d, long pc) {
    int number = sprNumber(d);
    if (!allowed(number, d, pc)) {
      return;
    }
    long value = s.gpr[rt(d)];
    if (number == Spr.PID && s.spr[Spr.PID] != value) {
      m.clearTranslations();
    }
    registers.write(number, value);
  }

  private boolean allowed(int number, long d, long pc) {
    boolean problem = s.has(Msr.PR);
    if (problem && (number & 16) != 0) {
      program(Vector.PROGRAM_PRIVILEGED);
      return false;
    }
    if (problem && !registers.exists(number)) {
      illegal(d, pc);
      return false;
    }
    return true;
  }

  // Look-aside invalidation.

  /** By the operand of tlbie and tlbiel: one page where it names one of a small size, else all. */
  private void invalidate(long operand) {
    boolean onePage = (operand >>> 10 & 3) == 0;
    int pageSize = (int) operand >>> 5 & 7;
    if (onePage && (pageSize == 0 || pageSize == 5)) {
      long size = pageSize == 0 ? 0x1000 : 0x10000;
      long ea = operand & -size;
      // Bits 0-1 of the address are not in the operand: both quadrants that translate.
      m.forget(ea, size);
      m.forget(ea | 3L << 62, size);
    } else {
      m.clearTranslations();
    }
  }
}
