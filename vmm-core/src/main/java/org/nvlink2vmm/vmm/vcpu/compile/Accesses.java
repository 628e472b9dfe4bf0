package org.nvlink2vmm.vmm.vcpu.compile;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.immediate;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import java.lang.classfile.CodeBuilder;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/** Loads and stores. Of one that faults nothing is seen in a register. */
final class Accesses {
  private final Code code;
  private final CodeBuilder out;

  Accesses(Code code) {
    this.code = code;
    this.out = code.out;
  }

  /** Emits an instruction; false, and nothing, when it is none of these. */
  boolean emit(long d) {
    int op = Insn.op(d);
    if (op < Op.LBZ || op > Op.STDU) {
      return false;
    }
    boolean updates = (op >= Op.LBZU && op <= Op.LDU) || op >= Op.STBU;
    boolean indexed = (op >= Op.LBZX && op <= Op.LDX) || (op >= Op.STBX && op <= Op.STDX);
    effectiveAddress(d, indexed);
    if (op >= Op.STB) {
      store(d, updates);
    } else {
      load(d, updates);
    }
    return true;
  }

  private void effectiveAddress(long d, boolean indexed) {
    code.gpr(ra(d));
    if (indexed) {
      code.gpr(rb(d)).out.ladd();
    } else if (immediate(d) != 0) {
      out.loadConstant(immediate(d)).ladd();
    }
    out.lstore(Locals.SCRATCH);
  }

  private void load(long d, boolean updates) {
    int op = Insn.op(d);
    out.aload(Locals.STORAGE).lload(Locals.SCRATCH);
    out.invokevirtual(Names.STORAGE, "load" + size(op), Names.LONG_OF_LONG);
    out.lstore(Locals.SCRATCH_2);
    code.leaveOnFault();
    if (updates) {
      out.lload(Locals.SCRATCH);
      code.result(ra(d), false);
    }
    out.lload(Locals.SCRATCH_2);
    switch (op) {
      case Op.LHA, Op.LHAX -> out.l2i().i2s().i2l();
      case Op.LWA, Op.LWAX -> out.l2i().i2l();
      default -> {}
    }
    code.result(rt(d), false);
  }

  private void store(long d, boolean updates) {
    out.aload(Locals.STORAGE).lload(Locals.SCRATCH);
    code.gpr(rt(d)).out.invokevirtual(Names.STORAGE, "store" + size(Insn.op(d)), Names.STORE);
    if (updates) {
      code.leaveOnFault();
      out.lload(Locals.SCRATCH);
      code.result(ra(d), false);
      code.leaveOnChange();
    } else {
      code.leaveOnFaultOrChange();
    }
  }

  private static int size(int op) {
    return switch (op) {
      case Op.LBZ, Op.LBZX, Op.LBZU, Op.STB, Op.STBX, Op.STBU -> 1;
      case Op.LHZ, Op.LHZX, Op.LHZU, Op.LHA, Op.LHAX, Op.STH, Op.STHX, Op.STHU -> 2;
      case Op.LD, Op.LDX, Op.LDU, Op.STD, Op.STDX, Op.STDU -> 8;
      default -> 4;
    };
  }
}
