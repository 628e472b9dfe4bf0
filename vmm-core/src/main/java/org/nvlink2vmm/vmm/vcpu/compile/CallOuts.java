package org.nvlink2vmm.vmm.vcpu.compile;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.field;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rc;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import java.lang.classfile.CodeBuilder;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * Instructions that compiled code leaves to the method that the interpreter calls for them. What
 * the method reads is stored before, what it may write is loaded afterwards. None of them ends in
 * another way than done or faulted, and one that faults has changed nothing.
 */
final class CallOuts {
  /** The number of a special purpose register in the word, its halves swapped; XER is 1. */
  private static final int SPR = 0x3ff << 11;

  private static final int XER = 1 << 16;

  private final Code code;
  private final CodeBuilder out;
  private final Locals locals;

  CallOuts(Code code) {
    this.code = code;
    this.out = code.out;
    this.locals = code.locals;
  }

  void emit(long d) {
    int op = Insn.op(d);
    if (op < Op.LHAU) {
      arithmetic(op, d);
    } else if (op < Op.TW) {
      storage(op, d);
    } else {
      privileged(op, d);
    }
  }

  private void storeSources(long d) {
    for (int register : new int[] {rt(d), ra(d), rb(d)}) {
      if (register < Insn.ZERO) {
        locals.store(register);
      }
    }
  }

  private void storeExceptions() {
    for (int register = Locals.SO; register <= Locals.CA32; register++) {
      locals.store(register);
    }
  }

  private void loadExceptions() {
    for (int register = Locals.SO; register <= Locals.CA32; register++) {
      locals.load(register);
    }
  }

  /** Calls; the value that the target is to have stays on the stack. */
  private CodeBuilder call(long d) {
    out.aload(Locals.RARE).loadConstant(d);
    return code.address(code.at).out.invokevirtual(Names.RARE, "execute", Names.LONG_OF_LONGS);
  }

  private void arithmetic(int op, long d) {
    storeSources(d);
    storeExceptions();
    if (op == Op.SETB) {
      locals.store(Locals.CR + (field(d) >>> 18 & 7));
    }
    boolean adds = op == Op.MADDHD || op == Op.MADDHDU;
    if (adds) {
      locals.store(field(d) >>> 6 & 31);
    }
    call(d);
    if (op == Op.CMPRB || op == Op.CMPEQB || op == Op.MCRXRX) {
      out.pop2();
      locals.load(Locals.CR + (28 - rt(d)) / 4);
    } else {
      locals.set(rt(d));
    }
    loadExceptions();
    if (rc(d) && !adds) {
      locals.load(Locals.CR);
    }
  }

  private void storage(int op, long d) {
    storeSources(d);
    locals.store(Locals.SO);
    boolean loads =
        op <= Op.LDUX || (op >= Op.LHBRX && op <= Op.LDBRX) || (op >= Op.LBARX && op <= Op.LDARX);
    call(d).lstore(Locals.SCRATCH);
    code.leaveOnFault();
    if (op <= Op.STDUX) {
      locals.load(ra(d));
    }
    if (op >= Op.STBCX && op <= Op.STDCX) {
      locals.load(Locals.CR);
    }
    if (loads) {
      out.lload(Locals.SCRATCH);
      locals.set(rt(d));
    } else {
      code.leaveOnChange();
    }
  }

  private void privileged(int op, long d) {
    boolean exceptions = (op == Op.MFSPR || op == Op.MTSPR) && (field(d) & SPR) == XER;
    storeSources(d);
    if (exceptions) {
      storeExceptions();
    }
    call(d).lstore(Locals.SCRATCH);
    code.leaveOnFault();
    if (op == Op.MFSPR || op == Op.MFTB || op == Op.MFMSR) {
      out.lload(Locals.SCRATCH);
      locals.set(rt(d));
    } else if (exceptions) {
      loadExceptions();
    }
  }
}
