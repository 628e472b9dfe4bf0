package org.nvlink2vmm.vmm.irq;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * A level-triggered interrupt that several functions share, such as one of a host bridge's four
 * INTx lines: up while any source holds it up. Any thread; no lock. The controller is connected
 * before a guest runs.
 */
public final class InterruptLine {
  /** Most sources of one line. */
  public static final int MAX_SOURCES = 64;

  private static final VarHandle UP;

  static {
    try {
      UP = MethodHandles.lookup().findVarHandle(InterruptLine.class, "up", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int number;
  private final LongAdder rises = new LongAdder();
  private final AtomicInteger sources = new AtomicInteger();
  private final AtomicReferenceArray<Runnable> afterwards = new AtomicReferenceArray<>(MAX_SOURCES);
  private volatile InterruptController controller = InterruptController.NONE;

  @SuppressWarnings("unused") // Only through UP: one bit a source.
  private long up;

  /**
   * A line that is down.
   *
   * @param number in the guest's interrupt controller
   */
  public InterruptLine(int number) {
    this.number = number;
  }

  /** In the guest's interrupt controller. */
  public int number() {
    return number;
  }

  /**
   * The line that an INTx pin of a device is wired to: the usual rotation by device number (PCI
   * Local Bus 3.0, 2.2.6), which pseries host bridges and PCI-PCI bridges use alike.
   *
   * @param pin 1 to 4 as in the config header
   * @return 0 to 3
   */
  public static int swizzle(int device, int pin) {
    return (device + pin - 1) & 3;
  }

  /** Says which controller's input the line is. */
  public void connect(InterruptController input) {
    controller = input;
  }

  /**
   * Adds a source.
   *
   * @param ended called when the guest has dealt with an interrupt of this line
   * @return its number, for {@link #set}
   * @throws IllegalStateException for more than {@link #MAX_SOURCES}
   */
  public int add(Runnable ended) {
    int source = sources.getAndIncrement();
    if (source >= MAX_SOURCES) {
      throw new IllegalStateException(
          "Interrupt 0x%x is shared by more than %d functions".formatted(number, MAX_SOURCES));
    }
    afterwards.set(source, ended);
    return source;
  }

  /**
   * The guest has dealt with an interrupt of this line: sources that still want one say so anew.
   */
  public void ended() {
    for (int source = 0; source < MAX_SOURCES; source++) {
      Runnable ended = afterwards.get(source);
      if (ended != null) {
        ended.run();
      }
    }
  }

  /** Sets a source's level; counts when the line goes up by it. */
  public void set(int source, boolean high) {
    long bit = 1L << source;
    long before =
        high ? (long) UP.getAndBitwiseOr(this, bit) : (long) UP.getAndBitwiseAnd(this, ~bit);
    if (high && before == 0) {
      rises.increment();
    }
    controller.changed(this);
  }

  /** Whether any source holds it up. */
  public boolean isUp() {
    return (long) UP.getAcquire(this) != 0;
  }

  /** How often the line went from down to up. */
  public long rises() {
    return rises.sum();
  }
}
