package org.nvlink2vmm.vmm.vcpu.gdb;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.vcpu.InstructionTrace;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/**
 * Stops all threads of a guest and lets them go again: for one reason at a time, that of the first
 * thread that had one. Threads of the guest come in through {@link InstructionTrace}; what is
 * public to the debugger's side is called by its one thread.
 */
final class AllStop implements InstructionTrace {
  /** Breakpoints and watchpoints, each; a debugger that wants more is refused. */
  static final int LIMIT = 1024;

  /** What a thread does when the guest goes on. */
  enum Action {
    STAY,
    CONTINUE,
    STEP
  }

  /** Why the guest stopped. */
  enum Cause {
    /** The debugger asked, or came. */
    REQUEST,
    STEPPED,
    BREAKPOINT,
    WATCHPOINT,
    /** No thread would ever have done anything again. */
    STUCK
  }

  /**
   * @param vcpu number of the thread that had the reason
   * @param place effective address that is watched, for a watchpoint
   */
  record Stop(int vcpu, Cause cause, long place) {}

  /** A watched place: a copy of what it holds tells when it changes. */
  private static final class Watch {
    private final long ea;
    private final long gpa;
    private final int size;
    private long value;

    Watch(long ea, long gpa, int size) {
      this.ea = ea;
      this.gpa = gpa;
      this.size = size;
    }
  }

  /** What one thread is about. Changed by the debugger while the thread is held. */
  private static final class Turn {
    private Action action = Action.CONTINUE;
    private boolean parked;
    private boolean stepping;

    /** Where the thread was reported to stand: a breakpoint there has had its effect. */
    private boolean reported;

    private long reportedPc;
  }

  private final Partition partition;
  private final List<Vcpu> vcpus;
  private final Turn[] turns;
  private final Runnable wakeUp;
  private volatile long[] breakpoints = {};
  private volatile Watch[] watches = {};
  private volatile boolean halting;
  private Stop stop = new Stop(0, Cause.REQUEST, 0);

  /**
   * @param wakeUp called by threads of the guest when they have stopped
   */
  AllStop(Partition partition, Runnable wakeUp) {
    this.partition = partition;
    this.vcpus = partition.vcpus();
    this.wakeUp = wakeUp;
    this.turns = new Turn[vcpus.size()];
    Arrays.setAll(turns, i -> new Turn());
  }

  // The debugger's side.

  /** Stops the guest; it has when {@link #stopped} says so. */
  void request(Cause cause) {
    halt(new Stop(0, cause, 0));
    vcpus.forEach(vcpu -> vcpu.debug().add(this));
  }

  /** Whether it is stopped, or about to be. */
  boolean halting() {
    return halting;
  }

  /** Whether no thread executes: the guest may be looked at. */
  synchronized boolean stopped() {
    boolean any = false;
    for (int i = 0; i < turns.length; i++) {
      if (!turns[i].parked && vcpus.get(i).executing()) {
        return false;
      }
      any |= turns[i].parked;
    }
    return halting && any;
  }

  /** Why it stopped. */
  synchronized Stop stop() {
    return stop;
  }

  /** Lets threads go on, each as told. */
  void resume(List<Action> actions) {
    synchronized (this) {
      boolean slow = breakpoints.length + watches.length > 0;
      for (int i = 0; i < turns.length; i++) {
        turns[i].action = actions.get(i);
        turns[i].stepping = false;
        slow |= actions.get(i) != Action.CONTINUE;
        vcpus.get(i).debug().maskInterrupts(actions.get(i) == Action.STEP);
      }
      for (Watch watch : watches) {
        watch.value = value(watch);
      }
      if (!slow) {
        vcpus.forEach(vcpu -> vcpu.debug().remove(this));
      }
      partition.timeBase().resume();
      halting = false;
    }
    vcpus.forEach(Vcpu::nudge);
  }

  /** Forgets all breakpoints and lets the guest run. */
  void letGo() {
    breakpoints = new long[0];
    watches = new Watch[0];
    resume(Collections.nCopies(turns.length, Action.CONTINUE));
  }

  /** Adds a breakpoint; true also when it is there already. */
  boolean addBreakpoint(long ea) {
    if (Arrays.stream(breakpoints).anyMatch(each -> each == ea)) {
      return true;
    }
    if (breakpoints.length == LIMIT) {
      return false;
    }
    long[] more = Arrays.copyOf(breakpoints, breakpoints.length + 1);
    more[more.length - 1] = ea;
    breakpoints = more;
    return true;
  }

  void removeBreakpoint(long ea) {
    breakpoints = Arrays.stream(breakpoints).filter(each -> each != ea).toArray();
  }

  /** Watches 1 to 8 bytes for stores; false when they are no memory of one page. */
  boolean addWatch(Vcpu vcpu, long ea, int size) {
    removeWatch(ea, size);
    boolean fits = size >= 1 && size <= 8 && (ea & 4095) + size <= 4096;
    long gpa = fits ? vcpu.debug().memory(ea, size) : -1;
    if (gpa < 0 || watches.length == LIMIT) {
      return false;
    }
    List<Watch> more = new ArrayList<>(List.of(watches));
    more.add(new Watch(ea, gpa, size));
    watches = more.toArray(new Watch[0]);
    return true;
  }

  void removeWatch(long ea, int size) {
    watches =
        Arrays.stream(watches)
            .filter(watch -> watch.ea != ea || watch.size != size)
            .toArray(Watch[]::new);
  }

  // The guest's side.

  /** Stops the guest, unless it stops already. */
  private synchronized boolean halt(Stop reason) {
    if (halting) {
      return false;
    }
    halting = true;
    stop = reason;
    for (Turn turn : turns) {
      turn.reported = false;
    }
    partition.timeBase().pause();
    vcpus.forEach(Vcpu::nudge);
    return true;
  }

  @Override
  public void before(Vcpu vcpu) {
    Turn turn = turns[vcpu.id()];
    while (!vcpu.stopped()) {
      if (!halting && turn.action != Action.STAY) {
        if (turn.action == Action.STEP && !turn.stepping) {
          // One instruction, whatever stands at it; also for a thread that starts only now.
          turn.stepping = true;
          return;
        }
        Optional<Stop> reason = reason(vcpu, turn);
        if (reason.isEmpty()) {
          return;
        }
        if (halt(reason.get())) {
          turn.reported = true;
          turn.reportedPc = vcpu.pc();
        }
      }
      park(vcpu, turn);
    }
  }

  @Override
  public void waiting(Vcpu vcpu) {
    Turn turn = turns[vcpu.id()];
    if (halting || turn.action == Action.STAY) {
      park(vcpu, turn);
      turn.stepping = turn.action == Action.STEP;
    }
  }

  private Optional<Stop> reason(Vcpu vcpu, Turn turn) {
    if (turn.stepping) {
      turn.stepping = false;
      return Optional.of(new Stop(vcpu.id(), Cause.STEPPED, 0));
    }
    for (Watch watch : watches) {
      if (value(watch) != watch.value) {
        return Optional.of(new Stop(vcpu.id(), Cause.WATCHPOINT, watch.ea));
      }
    }
    long pc = vcpu.pc();
    boolean had = turn.reported && turn.reportedPc == pc;
    turn.reported = false;
    for (long breakpoint : breakpoints) {
      if (breakpoint == pc && !had) {
        return Optional.of(new Stop(vcpu.id(), Cause.BREAKPOINT, 0));
      }
    }
    return Optional.empty();
  }

  private long value(Watch watch) {
    long value = 0;
    for (int i = 0; i < watch.size; i++) {
      value = value << 8 | partition.space().read(watch.gpa + i, 1, ByteOrder.BIG_ENDIAN);
    }
    return value;
  }

  private void park(Vcpu vcpu, Turn turn) {
    synchronized (this) {
      turn.parked = true;
    }
    wakeUp.run();
    vcpu.debug().hold(() -> halting || turn.action == Action.STAY);
    synchronized (this) {
      turn.parked = false;
    }
  }
}
