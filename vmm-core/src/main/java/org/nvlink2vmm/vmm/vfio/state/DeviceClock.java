package org.nvlink2vmm.vmm.vfio.state;

import java.util.function.LongSupplier;

/**
 * A device's own time in nanoseconds: it stands still while the device is stopped and goes on where
 * it was, also in another process, so that no timer jumps and no deadline passes meanwhile.
 *
 * <p>Any thread may ask; it is stopped, set and started by one at a time.
 */
public final class DeviceClock implements LongSupplier {
  private final LongSupplier source;
  private volatile long shift;
  private volatile long frozen;
  private volatile boolean stopped;

  /**
   * A running clock that shows what {@code source} does.
   *
   * @param source nanoseconds from any origin, never going back
   */
  public DeviceClock(LongSupplier source) {
    this.source = source;
  }

  @Override
  public long getAsLong() {
    return stopped ? frozen : source.getAsLong() + shift;
  }

  /** Stops it or lets it go on. */
  public void running(boolean run) {
    if (run == !stopped) {
      return;
    }
    if (run) {
      shift = frozen - source.getAsLong();
    } else {
      frozen = source.getAsLong() + shift;
    }
    stopped = !run;
  }

  /** Sets what it shows; it goes on from there. */
  public void set(long nanos) {
    frozen = nanos;
    shift = nanos - source.getAsLong();
  }
}
