package org.nvlink2vmm.v100.mmu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * Accesses that are being carried out. Entering and leaving write one word each; waiting looks at
 * every word and stays until those that were inside have left once.
 */
public final class InFlight {
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final int SLOTS = 64;

  /** Words apart, so that two accesses do not share a cache line. */
  private static final int STRIDE = 8;

  /** Spins before a waiting or entering thread gives the processor away. */
  private static final int SPINS = 200;

  private static final long PAUSE_NANOS = 5_000;

  private final long[] slots = new long[SLOTS * STRIDE];

  /**
   * Begins an access.
   *
   * @return the ticket for {@link #leave}
   */
  public int enter() {
    int slot = (int) Thread.currentThread().threadId();
    for (int tries = 0; ; tries++) {
      int at = ((slot + tries) & (SLOTS - 1)) * STRIDE;
      long value = (long) LONGS.getOpaque(slots, at);
      if ((value & 1) == 0 && LONGS.compareAndSet(slots, at, value, value + 1)) {
        return at;
      }
      if (tries > SPINS) {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  /** Ends an access. */
  public void leave(int ticket) {
    LONGS.setRelease(slots, ticket, (long) LONGS.getOpaque(slots, ticket) + 1);
  }

  /** Waits until every access that is inside now has left. */
  void await() {
    for (int at = 0; at < slots.length; at += STRIDE) {
      long value = (long) LONGS.getVolatile(slots, at);
      for (int spins = 0;
          (value & 1) != 0 && (long) LONGS.getVolatile(slots, at) == value;
          spins++) {
        if (spins > SPINS) {
          LockSupport.parkNanos(PAUSE_NANOS);
        } else {
          Thread.onSpinWait();
        }
      }
    }
  }
}
