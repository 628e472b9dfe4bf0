package org.nvlink2vmm.vmm.vcpu.compile;

import java.lang.classfile.CodeBuilder;
import java.lang.constant.ConstantDescs;

/**
 * Which guest registers a method keeps in local variables. A register gets its local when it is
 * first named; all of them are loaded when the method begins, and the written ones are stored
 * before it ends. Registers are numbered: 0 to 31 general, then the others by the constants here.
 */
final class Locals {
  /** The eight condition fields of four bits, as numbers 0 to 15. */
  static final int CR = 32;

  static final int SO = 40;
  static final int OV = 41;
  static final int OV32 = 42;
  static final int CA = 43;
  static final int CA32 = 44;
  static final int LR = 45;
  static final int CTR = 46;
  private static final int COUNT = 47;

  private static final String[] FIELDS = {"so", "ov", "ov32", "ca", "ca32", "lr", "ctr"};

  // Parameters and the locals that every method has.
  static final int BLOCK = 0;
  static final int STATE = 1;
  static final int STORAGE = 2;
  static final int RARE = 3;
  static final int BASE = 4;
  static final int LEFT = 6;
  static final int PC = 7;
  static final int GPRS = 9;
  static final int SCRATCH = 10;
  static final int SCRATCH_2 = 12;
  static final int SCRATCH_3 = 14;
  static final int SCRATCH_INT = 16;
  private static final int FIRST = 17;

  private final CodeBuilder code;
  private final int[] slots = new int[COUNT];
  private int next = FIRST;
  private long written;

  Locals(CodeBuilder code) {
    this.code = code;
  }

  private static boolean isLong(int register) {
    return register < CR || register >= LR;
  }

  private int slot(int register) {
    if (slots[register] == 0) {
      slots[register] = next;
      next += isLong(register) ? 2 : 1;
    }
    return slots[register];
  }

  /** Pushes a register. */
  void get(int register) {
    if (isLong(register)) {
      code.lload(slot(register));
    } else {
      code.iload(slot(register));
    }
  }

  /** Pops into a register. */
  void set(int register) {
    written |= 1L << register;
    if (isLong(register)) {
      code.lstore(slot(register));
    } else {
      code.istore(slot(register));
    }
  }

  /** Loads every register that has a local. */
  void loadAll() {
    for (int register = 0; register < COUNT; register++) {
      if (slots[register] != 0) {
        load(register);
      }
    }
  }

  /** Stores every register that was written somewhere. */
  void storeAll() {
    for (int register = 0; register < COUNT; register++) {
      if ((written >>> register & 1) != 0 && (register < CR || register >= SO)) {
        store(register);
      }
    }
    storeConditions((int) (written >>> CR) & 0xff);
  }

  /** From the processor's state into the local. */
  void load(int register) {
    if (register < CR) {
      code.aload(GPRS).loadConstant(register).laload().lstore(slot(register));
    } else if (register < SO) {
      code.aload(STATE).getfield(Names.STATE, "cr", ConstantDescs.CD_int);
      code.loadConstant(shift(register)).iushr().loadConstant(15).iand().istore(slot(register));
    } else if (register < LR) {
      code.aload(STATE).getfield(Names.STATE, FIELDS[register - SO], ConstantDescs.CD_int);
      code.istore(slot(register));
    } else {
      code.aload(STATE).getfield(Names.STATE, FIELDS[register - SO], ConstantDescs.CD_long);
      code.lstore(slot(register));
    }
  }

  /** From the local into the processor's state, before something else looks there. */
  void store(int register) {
    if (register < CR) {
      code.aload(GPRS).loadConstant(register);
      get(register);
      code.lastore();
    } else if (register < SO) {
      slot(register);
      storeConditions(1 << (register - CR));
    } else {
      code.aload(STATE);
      get(register);
      code.putfield(
          Names.STATE,
          FIELDS[register - SO],
          isLong(register) ? ConstantDescs.CD_long : ConstantDescs.CD_int);
    }
  }

  private void storeConditions(int fields) {
    if (fields == 0) {
      return;
    }
    int kept = -1;
    for (int field = 0; field < 8; field++) {
      kept &= (fields >>> field & 1) != 0 ? ~(15 << shift(CR + field)) : -1;
    }
    code.aload(STATE).aload(STATE).getfield(Names.STATE, "cr", ConstantDescs.CD_int);
    code.loadConstant(kept).iand();
    for (int field = 0; field < 8; field++) {
      if ((fields >>> field & 1) != 0) {
        get(CR + field);
        code.loadConstant(shift(CR + field)).ishl().ior();
      }
    }
    code.putfield(Names.STATE, "cr", ConstantDescs.CD_int);
  }

  /** Where a condition field stands in CR, from the least significant bit. */
  private static int shift(int register) {
    return 28 - 4 * (register - CR);
  }
}
