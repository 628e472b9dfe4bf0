package org.nvlink2vmm.vmm.vcpu.compile;

import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;

/** What compiled code calls and touches: classes of the processor's package, by name. */
final class Names {
  private static final String PACKAGE = "org.nvlink2vmm.vmm.vcpu";

  static final ClassDesc BLOCK = ClassDesc.of(PACKAGE, "CompiledBlock");
  static final ClassDesc STATE = ClassDesc.of(PACKAGE, "CpuState");
  static final ClassDesc STORAGE = ClassDesc.of(PACKAGE, "Storage");
  static final ClassDesc RARE = ClassDesc.of(PACKAGE, "RareOps");
  static final ClassDesc ARITH = ClassDesc.of(PACKAGE + ".isa", "Arith");
  static final ClassDesc MATH = ClassDesc.of("java.lang", "Math");
  static final ClassDesc VAR_HANDLE = ClassDesc.of("java.lang.invoke", "VarHandle");
  static final ClassDesc LONG = ConstantDescs.CD_Long;
  static final ClassDesc INTEGER = ConstantDescs.CD_Integer;
  static final ClassDesc LONGS = ConstantDescs.CD_long.arrayType();

  private static final ClassDesc J = ConstantDescs.CD_long;
  private static final ClassDesc I = ConstantDescs.CD_int;
  private static final ClassDesc Z = ConstantDescs.CD_boolean;
  private static final ClassDesc V = ConstantDescs.CD_void;

  static final MethodTypeDesc CONSTRUCTOR = ConstantDescs.MTD_void;
  static final MethodTypeDesc RUN = MethodTypeDesc.of(I, STATE, STORAGE, RARE, J, I);
  static final MethodTypeDesc NOTHING = ConstantDescs.MTD_void;
  static final MethodTypeDesc LONG_OF_LONG = MethodTypeDesc.of(J, J);
  static final MethodTypeDesc LONG_OF_LONGS = MethodTypeDesc.of(J, J, J);
  static final MethodTypeDesc LONG_OF_LONG_INT = MethodTypeDesc.of(J, J, I);
  static final MethodTypeDesc INT_OF_INTS = MethodTypeDesc.of(I, I, I);
  static final MethodTypeDesc INT_OF_LONG = MethodTypeDesc.of(I, J);
  static final MethodTypeDesc INT_OF_INT = MethodTypeDesc.of(I, I);
  static final MethodTypeDesc CARRY = MethodTypeDesc.of(Z, J, J, I);
  static final MethodTypeDesc STORE = MethodTypeDesc.of(V, J, J);

  private Names() {}
}
