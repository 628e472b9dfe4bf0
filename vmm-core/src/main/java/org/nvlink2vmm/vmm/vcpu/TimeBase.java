package org.nvlink2vmm.vmm.vcpu;

/** The time base of a machine: 512 MHz, as "timebase-frequency" of a pseries tree says. */
@FunctionalInterface
public interface TimeBase {
  long HERTZ = 512_000_000;

  /** Ticks since the machine started; never goes back; any thread may ask. */
  long ticks();

  /** Lets it stand still, for a debugger that holds the guest. Not counted: once is enough. */
  default void pause() {}

  /** Lets it go on from where it stands. */
  default void resume() {}

  /** A time base that follows the host's clock from now on. */
  static TimeBase ofHost() {
    return new HostTime();
  }
}
