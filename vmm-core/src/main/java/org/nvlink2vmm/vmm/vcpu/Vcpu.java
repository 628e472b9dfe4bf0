package org.nvlink2vmm.vmm.vcpu;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * One hardware thread of a POWER9 as a guest kernel sees it: an interpreter over an address space,
 * with a hypervisor that is called for sc 1, and a time base. Knows nothing else of its machine.
 *
 * <p>{@link #run} executes on the calling thread until {@link #stop}. Registers may be read and
 * written by that thread (in a hypercall), or by others while it does not run. Interrupts, stops
 * and wake-ups come from any thread.
 */
public final class Vcpu {
  /** b . */
  private static final int BRANCH_TO_SELF = 0x48000000;

  private final int id;
  private final CpuState state = new CpuState();
  private final Storage storage;
  private final Registers registers;
  private final Privileged privileged;
  private final Interpreter interpreter;
  private final Execution execution;
  private final Hypervisor hypervisor;
  private final Partition partition;
  private volatile boolean stopped;
  private volatile boolean prodded;
  private volatile boolean forgetPending;
  private volatile boolean idle = true;
  private volatile Thread thread;
  private volatile boolean stuck;
  private final DebugPort debug;

  Vcpu(int id, Partition partition, Hypervisor hypervisor) {
    this.id = id;
    this.hypervisor = hypervisor;
    this.partition = partition;
    this.storage = new Storage(state, partition.space(), partition.ram(), partition.codeCache());
    this.registers = new Registers(state, partition.timeBase());
    this.privileged =
        new Privileged(
            state,
            storage,
            registers,
            new Broadcast() {
              @Override
              public void invalidate() {
                partition.invalidate(Vcpu.this);
              }

              @Override
              public void await() {
                partition.await(Vcpu.this);
              }
            });
    this.debug = new DebugPort(this, storage, registers, privileged);
    this.interpreter =
        new Interpreter(
            state, storage, new RareOps(state, new RareStorage(state, storage), privileged));
    this.execution = new Execution(state, storage, interpreter, partition.compiledCode());
    state.spr[Spr.TIR] = 0;
    state.decrementerEnd = Long.MAX_VALUE;
    privileged.setMsr(Msr.SF | Msr.ME);
  }

  /** The number that "ibm,ppc-interrupt-server#s" of its node holds. */
  public int id() {
    return id;
  }

  /** The door for debuggers, traces and reports. */
  public DebugPort debug() {
    return debug;
  }

  /** All threads that share this one's memory. */
  public Partition partition() {
    return partition;
  }

  /**
   * Sets where execution begins, in real mode with everything masked.
   *
   * @param pc guest-physical address
   */
  public void reset(long pc, boolean littleEndian) {
    state.pc = pc;
    state.event = Event.NONE;
    privileged.setMsr(Msr.SF | Msr.ME | (littleEndian ? Msr.LE : 0));
  }

  // Registers.

  /**
   * @param register 0-31
   */
  public long gpr(int register) {
    return state.gpr[register & 31];
  }

  public void gpr(int register, long value) {
    state.gpr[register & 31] = value;
  }

  public long pc() {
    return state.pc;
  }

  public void pc(long value) {
    state.pc = value & ~3L;
  }

  public long lr() {
    return state.lr;
  }

  public void lr(long value) {
    state.lr = value;
  }

  public long ctr() {
    return state.ctr;
  }

  public void ctr(long value) {
    state.ctr = value;
  }

  public int cr() {
    return state.cr;
  }

  public void cr(int value) {
    state.cr = value;
  }

  public long xer() {
    return state.xer();
  }

  public void xer(long value) {
    state.xer(value);
  }

  public long msr() {
    return state.msr;
  }

  public boolean problemState() {
    return state.has(Msr.PR);
  }

  public boolean littleEndian() {
    return state.has(Msr.LE);
  }

  /** DAR of the last data interrupt. */
  public long dar() {
    return state.dar;
  }

  /** Instructions completed since the beginning. */
  public long instructions() {
    return state.instructions;
  }

  /** Illegal instructions met so far, with addresses and words of the first and the last one. */
  public IllegalInstructions illegalInstructions() {
    return new IllegalInstructions(
        privileged.illegalCount,
        privileged.firstIllegalPc,
        privileged.firstIllegalWord,
        privileged.illegalPc,
        privileged.illegalWord);
  }

  /**
   * @param firstPc effective address of the first one
   * @param firstWord the first one
   * @param pc effective address of the last one
   * @param word the last one
   */
  public record IllegalInstructions(long count, long firstPc, int firstWord, long pc, int word) {}

  // What hypercalls change.

  /** H_SET_MODE resource 4: the byte order in which interrupt handlers start. */
  public void interruptsLittleEndian(boolean littleEndian) {
    state.interruptsLittleEndian = littleEndian;
  }

  /** H_SET_MODE resource 3: 0, or 3 for interrupts at virtual addresses. */
  public void alternateInterruptLocation(int mode) {
    state.alternateLocation = mode;
  }

  /** H_REGISTER_PROC_TBL: where radix translation starts. */
  public void processTable(long gpa, int sizeExponent) {
    storage.processTable(gpa, sizeExponent);
  }

  /**
   * The guest-physical address behind an effective one in the present mode; negative when there is
   * none. Takes no interrupt.
   */
  public long translate(long ea) {
    int event = state.event;
    long dar = state.dar;
    long dsisr = state.dsisr;
    long gpa = storage.loadAddress(ea);
    state.event = event;
    state.dar = dar;
    state.dsisr = dsisr;
    return gpa;
  }

  /** Waits for an interrupt, a {@link #prod} or {@link #stop}; H_CEDE. */
  public void cede() {
    state.msr |= Msr.EE;
    idle = true;
    while (!stopped && !prodded && !state.externalPending) {
      debug.observer().waiting(this);
      long left = registers.decrementer();
      if (left < 0) {
        break;
      }
      LockSupport.parkNanos(this, Math.min(left, TimeBase.HERTZ) * 125 / 64 + 1);
    }
    prodded = false;
    idle = false;
    attend();
  }

  // From other threads.

  /** Raises or lowers the external interrupt. */
  public void external(boolean pending) {
    state.externalPending = pending;
    if (pending) {
      notice();
    }
  }

  /** Ends a {@link #cede}, present or next; H_PROD. */
  public void prod() {
    prodded = true;
    notice();
  }

  /** Makes {@link #run} return soon. */
  public void stop() {
    stopped = true;
    notice();
  }

  public boolean stopped() {
    return stopped;
  }

  /** Whether {@link #run} is under way. */
  public boolean executing() {
    return thread != null;
  }

  /**
   * Whether it executes nothing but a branch to itself, or a fault of the handler of that fault,
   * with interrupts disabled: what it does not leave by itself.
   */
  public boolean stuck() {
    return stuck;
  }

  /** Makes it look at its observer soon, out of a {@link #cede} or a hold too. */
  public void nudge() {
    notice();
  }

  /** Lets {@link #run} be called again after {@link #stop}. */
  public void resume() {
    stopped = false;
  }

  void forgetTranslations() {
    forgetPending = true;
    notice();
  }

  /** Whether translations that it was asked to forget can still be used. */
  boolean forgets() {
    return forgetPending && !idle;
  }

  private void notice() {
    state.attention = true;
    Thread waiting = thread;
    if (waiting != null) {
      LockSupport.unpark(waiting);
    }
  }

  // Execution.

  /** Executes until {@link #stop}. */
  public void run() {
    thread = Thread.currentThread();
    idle = false;
    while (!stopped) {
      attend();
      takePendingInterrupt();
      if (debug.observed()) {
        debug.observer().before(this);
        if (stopped) {
          break;
        }
      }
      long pc = state.pc;
      long msr = state.msr;
      long done = state.instructions;
      if (debug.observed()) {
        interpreter.step();
      } else {
        execution.slice();
      }
      boolean faulted = state.event == Event.FAULT && state.instructions == done;
      settle();
      boolean still = state.pc == pc && state.msr == msr && !state.has(Msr.EE);
      if (still || stuck) {
        noticeStuck(still && (faulted || debug.word(pc) == BRANCH_TO_SELF));
      }
    }
    idle = true;
    thread = null;
  }

  private void noticeStuck(boolean now) {
    stuck = now;
    if (now) {
      partition.noticeStuck();
    }
  }

  /** Waits while {@code held}; others do not wait for its translations meanwhile. */
  void rest(BooleanSupplier held) {
    boolean ceded = idle;
    idle = true;
    while (!stopped && held.getAsBoolean()) {
      LockSupport.park(this);
    }
    idle = ceded;
    if (!ceded) {
      attend();
    }
  }

  /** Executes one instruction, or enters the interrupt that is due. */
  public void step() {
    thread = Thread.currentThread();
    attend();
    takePendingInterrupt();
    interpreter.step();
    settle();
  }

  void attend() {
    state.attention = false;
    if (forgetPending) {
      forgetPending = false;
      storage.clearTranslations();
    }
  }

  private void takePendingInterrupt() {
    if (!state.has(Msr.EE) || debug.masked()) {
      return;
    }
    if (state.externalPending) {
      privileged.interrupt(Vector.EXTERNAL, state.pc, 0);
    } else if (registers.decrementer() < 0) {
      privileged.interrupt(Vector.DECREMENTER, state.pc, 0);
    }
  }

  private void settle() {
    int event = state.event;
    state.event = Event.NONE;
    switch (event) {
      case Event.FAULT -> privileged.interrupt(storage.faultVector, state.pc, storage.faultReason);
      case Event.HYPERCALL -> hypervisor.call(this);
      default -> {}
    }
  }
}
