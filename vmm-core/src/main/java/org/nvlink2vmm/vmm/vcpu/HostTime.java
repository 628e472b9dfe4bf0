package org.nvlink2vmm.vmm.vcpu;

/** The host's clock from a beginning on, without the times in which it was paused. */
final class HostTime implements TimeBase {
  private static final long RUNNING = Long.MIN_VALUE;

  private volatile long start = System.nanoTime();

  /** Where it stands, or that it runs. */
  private volatile long standing = RUNNING;

  @Override
  public long ticks() {
    long at = standing;
    return at == RUNNING ? sinceStart() : at;
  }

  private long sinceStart() {
    return (System.nanoTime() - start) * 64 / 125;
  }

  @Override
  public synchronized void pause() {
    if (standing == RUNNING) {
      standing = sinceStart();
    }
  }

  @Override
  public synchronized void resume() {
    if (standing != RUNNING) {
      start = System.nanoTime() - standing * 125 / 64;
      standing = RUNNING;
    }
  }
}
