package org.nvlink2vmm.vmm.vcpu;

/** The time base of a machine: 512 MHz, as "timebase-frequency" of a pseries tree says. */
public interface TimeBase {
  long HERTZ = 512_000_000;

  /** Ticks since the machine started; never goes back; any thread may ask. */
  long ticks();

  /** A time base that follows the host's clock from now on. */
  static TimeBase ofHost() {
    long start = System.nanoTime();
    return () -> (System.nanoTime() - start) * 64 / 125;
  }
}
