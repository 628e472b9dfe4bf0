package org.nvlink2vmm.vmm.vcpu.compile;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ConstantDescs;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;

/**
 * A method in the making: its bytecode, the registers in its locals, and its exits. The local
 * {@link Locals#LEFT} is exact only where control flow joins or leaves; in between {@link #pending}
 * counts the instructions that it does not know of yet. What is seldom needed stands behind the
 * body, so that the body stays short.
 */
final class Code {
  /** Results of a comparison (-1, 0, 1) to LT, EQ and GT, four bits each. */
  private static final int CONDITIONS = 0x428;

  final CodeBuilder out;
  final Locals locals;
  final boolean wide;
  private final Region region;
  private final Map<Integer, Label> labels = new HashMap<>();
  private final Deque<Runnable> exits = new ArrayDeque<>();
  private final Label leave;

  /** Index of the instruction in hand. */
  int at;

  /** Instructions done since {@link Locals#LEFT} was last set right. */
  private int pending;

  Code(CodeBuilder out, Region region, boolean wide) {
    this.out = out;
    this.region = region;
    this.wide = wide;
    this.locals = new Locals(out);
    this.leave = out.newLabel();
  }

  // Registers.

  /** Pushes a general register, or the zero that stands for none. */
  Code gpr(int register) {
    if (register == Insn.ZERO) {
      out.lconst_0();
    } else {
      locals.get(register);
    }
    return this;
  }

  /** Pushes the low word of a general register, sign-extended. */
  Code word(int register) {
    gpr(register);
    out.l2i().i2l();
    return this;
  }

  Code get(int register) {
    locals.get(register);
    return this;
  }

  /** Pops into a general register, and records CR0 when the instruction says so. */
  void result(int register, boolean record) {
    locals.set(register);
    if (record) {
      compare(
          Locals.CR,
          () -> {
            locals.get(register);
            if (!wide) {
              out.l2i().i2l();
            }
          },
          out::lconst_0);
    }
  }

  /** Sets a condition field from comparing what the two push, as signed numbers. */
  void compare(int field, Runnable a, Runnable b) {
    out.loadConstant(CONDITIONS);
    a.run();
    b.run();
    out.lcmp().iconst_2().ishl().iconst_4().iadd().ishr().loadConstant(15).iand();
    locals.get(Locals.SO);
    out.ior();
    locals.set(field);
  }

  /** Pushes the address of an instruction of the page. */
  Code address(long index) {
    out.lload(Locals.BASE).loadConstant(4 * index).ladd();
    return this;
  }

  /** Cuts the address on the stack to what the mode computes with. */
  Code masked() {
    if (!wide) {
      out.loadConstant(0xffffffffL).land();
    }
    return this;
  }

  // Flow.

  private Label label(int index) {
    return labels.computeIfAbsent(index, absent -> out.newLabel());
  }

  /** Begins the instruction at an index. */
  void begin(int index) {
    at = index;
    if (region.isLeader(index)) {
      settle(0);
      out.labelBinding(label(index));
    }
  }

  /** Ends the instruction: control goes on behind it. */
  void fallThrough() {
    pending++;
    if (at + 1 == Region.PAGE_WORDS || !region.covers(at + 1)) {
      settle(0);
      address(at + 1L);
      leave();
    }
  }

  /** After a branch: nothing is pending where control never goes on behind it. */
  void ended(long d) {
    if (Region.alwaysBranches(d)) {
      pending = 0;
    }
  }

  /** Emits the entry that the method begins with; the body starts where it jumps to. */
  void enter() {
    locals.loadAll();
    out.goto_(label(region.entry()));
  }

  /** Subtracts what is pending and the instruction in hand; emits only. */
  void count(int more) {
    if (pending + more != 0) {
      out.iinc(Locals.LEFT, -(pending + more));
    }
  }

  private void settle(int more) {
    count(more);
    pending = 0;
  }

  /** Pops an address to go on at, outside; everything is counted. */
  void leave() {
    out.lstore(Locals.PC).goto_(leave);
  }

  /** The taken side of a branch to an index of this page, which may be outside the region. */
  void branch(long index) {
    count(1);
    go(index);
  }

  /** Goes to the address in {@link Locals#PC}, the branch counted; back from a call by a jump. */
  void comeBack() {
    for (int index : region.returns()) {
      Label elsewhere = out.newLabel();
      out.lload(Locals.PC);
      address(index).out.lcmp().ifne(elsewhere);
      go(index);
      out.labelBinding(elsewhere);
    }
    out.goto_(leave);
  }

  private void go(long index) {
    if (index < 0 || index >= Region.PAGE_WORDS || !region.isLeader((int) index)) {
      address(index);
      leave();
      return;
    }
    if (index <= at) {
      Label wanted = out.newLabel();
      out.iload(Locals.LEFT).ifle(wanted);
      out.aload(Locals.STATE).getfield(Names.STATE, "attention", ConstantDescs.CD_boolean);
      out.ifne(wanted);
      exits.add(
          () -> {
            out.labelBinding(wanted);
            address(index);
            leave();
          });
    }
    out.goto_(label((int) index));
  }

  /** Leaves at the instruction in hand if it faulted. */
  void leaveOnFault() {
    Label faulted = out.newLabel();
    out.aload(Locals.STATE).getfield(Names.STATE, "event", ConstantDescs.CD_int).ifne(faulted);
    int index = at;
    int done = pending;
    exits.add(() -> exit(faulted, index, done));
  }

  /** After a store: leaves if it faulted, or behind it if it changed the code in execution. */
  void leaveOnFaultOrChange() {
    Label stopped = out.newLabel();
    out.aload(Locals.STATE).getfield(Names.STATE, "event", ConstantDescs.CD_int);
    out.aload(Locals.BLOCK).getfield(Names.BLOCK, "dropped", ConstantDescs.CD_int);
    out.ior().ifne(stopped);
    int index = at;
    int done = pending;
    exits.add(
        () -> {
          Label faulted = out.newLabel();
          out.labelBinding(stopped);
          out.aload(Locals.STATE).getfield(Names.STATE, "event", ConstantDescs.CD_int);
          out.ifne(faulted);
          exit(out.newLabel(), index + 1, done + 1);
          exit(faulted, index, done);
        });
  }

  /** Leaves behind the instruction in hand, all of it done, if it changed the code in execution. */
  void leaveOnChange() {
    Label changed = out.newLabel();
    out.aload(Locals.BLOCK).getfield(Names.BLOCK, "dropped", ConstantDescs.CD_int).ifne(changed);
    int index = at;
    int done = pending;
    exits.add(() -> exit(changed, index + 1, done + 1));
  }

  private void exit(Label from, int index, int done) {
    out.labelBinding(from);
    if (done != 0) {
      out.iinc(Locals.LEFT, -done);
    }
    address(index);
    leave();
  }

  /** Everything behind the body. */
  void finish() {
    while (!exits.isEmpty()) {
      exits.poll().run();
    }
    out.labelBinding(leave);
    locals.storeAll();
    out.aload(Locals.STATE).lload(Locals.PC);
    masked();
    out.putfield(Names.STATE, "pc", ConstantDescs.CD_long);
    out.iload(Locals.LEFT).ireturn();
  }
}
