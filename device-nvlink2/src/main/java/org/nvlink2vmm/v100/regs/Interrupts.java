package org.nvlink2vmm.v100.regs;

import java.util.function.LongSupplier;

/**
 * The interrupts of the GPU as far as something raises them, which is the alarm of its timer: a bit
 * of PTIMER, gated there, summed up in bit 20 of PMC, gated again, and then the function's
 * interrupt (NVIDIA open-gpu-doc manuals/volta/gv100/dev_master.ref.txt, dev_timer.ref.txt; nouveau
 * nvkm/subdev/mc/gp100.c for the bit, nvkm/subdev/timer/nv04.c for its use).
 *
 * <p>All state is in the registers. They are written by any thread, the alarm goes off on the
 * clock's; one lock orders what the function is told.
 */
public final class Interrupts {
  /** NV_PMC_INTR(i) and NV_PMC_INTR_EN(i). */
  static final int PMC_INTR = 0x000100;

  static final int PMC_INTR_EN = 0x000140;
  static final int WORDS = 4;

  /** NV_PTIMER_INTR_0, NV_PTIMER_INTR_EN_0, NV_PTIMER_ALARM_0. */
  static final int PTIMER_INTR = 0x009100;

  static final int PTIMER_INTR_EN = 0x009140;
  static final int PTIMER_ALARM = 0x009420;

  /** NV_PMC_INTR_PTIMER, of word 0. */
  private static final int TIMER = 1 << 20;

  /** NV_PTIMER_INTR_0_ALARM. */
  private static final int ALARM = 1;

  /** The low word of the time counts in steps of 32 ns. */
  private static final int STEP = 0x1f;

  private final LongSupplier nanoClock;
  private final AlarmClock clock;
  private final Runnable output;
  private RegisterBank pmc;
  private RegisterBank ptimer;
  private int alarms;

  /**
   * @param nanoClock what PTIMER counts
   * @param clock on which the alarm goes off
   * @param output called when {@link #up} may have changed, one call at a time
   */
  public Interrupts(LongSupplier nanoClock, AlarmClock clock, Runnable output) {
    this.nanoClock = nanoClock;
    this.clock = clock;
    this.output = output;
  }

  /** Something that calls back after a time, from whatever thread. */
  @FunctionalInterface
  public interface AlarmClock {
    void after(long nanos, Runnable action);
  }

  /** Says where the registers are; before any of them is written. */
  void connect(RegisterBank master, RegisterBank timer) {
    pmc = master;
    ptimer = timer;
  }

  /** Whether the function's interrupt is asked for. */
  public boolean up() {
    for (int word = 0; word < WORDS; word++) {
      if ((pending(word) & (int) pmc.read(PMC_INTR_EN + 4 * word, 4)) != 0) {
        return true;
      }
    }
    return false;
  }

  /** PMC INTR(word). */
  int pending(int word) {
    boolean timer = (ptimer.read(PTIMER_INTR, 4) & ptimer.read(PTIMER_INTR_EN, 4)) != 0;
    return word == 0 && timer ? TIMER : 0;
  }

  /** A register of one of the units was written. */
  void written(int offset) {
    if ((offset & ~3) == PTIMER_ALARM) {
      arm();
    }
    changed();
  }

  /** The registers were given other values. */
  void restored() {
    arm();
    changed();
  }

  /** All registers have their reset values. */
  synchronized void reset() {
    alarms++;
    changed();
  }

  private synchronized void changed() {
    output.run();
  }

  /** The alarm goes off when the low word of the time reaches it, within 4.3 s. */
  private synchronized void arm() {
    int armed = ++alarms;
    int time = (int) ptimer.read(PTIMER_ALARM, 4) & ~STEP;
    long delay = Integer.toUnsignedLong(time - ((int) nanoClock.getAsLong() & ~STEP));
    clock.after(delay, () -> ring(armed));
  }

  /** An alarm that was set anew meanwhile does not ring. */
  private synchronized void ring(int armed) {
    if (armed == alarms) {
      ptimer.raise(PTIMER_INTR, ALARM);
      changed();
    }
  }
}
