package org.nvlink2vmm.vmm.vcpu.compile;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.util.Optional;
import java.util.function.IntToLongFunction;

/** Makes a class of guest instructions: a subclass of the processor's CompiledBlock. */
public final class BlockCompiler {
  /** HotSpot leaves methods from 8000 bytes on to its interpreter. */
  private static final int LONGEST = 7900;

  /** Instructions of a region; halved until the method is short enough. */
  private static final int MOST = 160;

  private static final ClassDesc NAME = ClassDesc.of("org.nvlink2vmm.vmm.vcpu", "Compiled");

  private BlockCompiler() {}

  /** A class, and the instructions that it executes. */
  public static final class Result {
    private final Region region;
    private final byte[] classFile;

    private Result(Region region, byte[] classFile) {
      this.region = region;
      this.classFile = classFile;
    }

    public Region region() {
      return region;
    }

    /** The class file, which the caller may keep. */
    public byte[] classFile() {
      return classFile;
    }
  }

  /**
   * Compiles from an index of a page on.
   *
   * @param insn the decoded instruction of an index, as {@link
   *     org.nvlink2vmm.vmm.vcpu.isa.Decoder#decode} gives it
   * @param entry the index, 0 to 1023
   * @param wide whether the processor computes in 64 bits
   * @return empty when the first instruction is one that the interpreter has to execute, or too
   *     long
   */
  public static Optional<Result> compile(IntToLongFunction insn, int entry, boolean wide) {
    for (int limit = MOST; limit > 0; limit /= 2) {
      Region region = Region.of(insn, entry, limit);
      if (region.size() == 0) {
        return Optional.empty();
      }
      byte[] bytes = classOf(region, wide);
      if (length(bytes) <= LONGEST) {
        return Optional.of(new Result(region, bytes));
      }
    }
    return Optional.empty();
  }

  private static byte[] classOf(Region region, boolean wide) {
    return ClassFile.of()
        .build(
            NAME,
            builder ->
                builder
                    .withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SUPER)
                    .withSuperclass(Names.BLOCK)
                    .withMethodBody(
                        ConstantDescs.INIT_NAME,
                        Names.CONSTRUCTOR,
                        0,
                        code ->
                            code.aload(0)
                                .invokespecial(
                                    Names.BLOCK, ConstantDescs.INIT_NAME, Names.CONSTRUCTOR)
                                .return_())
                    .withMethodBody("run", Names.RUN, 0, code -> body(code, region, wide)));
  }

  /** The prologue knows which registers to load only when the rest is written: it stands last. */
  private static void body(CodeBuilder out, Region region, boolean wide) {
    Code code = new Code(out, region, wide);
    var prologue = out.newLabel();
    out.goto_(prologue);
    Conditions conditions = new Conditions(code);
    Branches branches = new Branches(code, conditions);
    FixedPoint fixedPoint = new FixedPoint(code);
    Shifts shifts = new Shifts(code);
    Accesses accesses = new Accesses(code);
    CallOuts callOuts = new CallOuts(code);
    for (int at = region.next(0); at >= 0; at = region.next(at + 1)) {
      code.begin(at);
      long d = region.code(at);
      if (branches.emit(d)) {
        code.ended(d);
        continue;
      }
      if (!fixedPoint.emit(d) && !shifts.emit(d) && !conditions.emit(d) && !accesses.emit(d)) {
        callOuts.emit(d);
      }
      code.fallThrough();
    }
    code.finish();
    out.labelBinding(prologue);
    out.aload(Locals.STATE).getfield(Names.STATE, "gpr", Names.LONGS).astore(Locals.GPRS);
    code.enter();
  }

  private static int length(byte[] bytes) {
    return ClassFile.of().parse(bytes).methods().stream()
        .flatMap(method -> method.code().stream())
        .mapToInt(code -> ((CodeAttribute) code).codeLength())
        .max()
        .orElse(0);
  }
}
