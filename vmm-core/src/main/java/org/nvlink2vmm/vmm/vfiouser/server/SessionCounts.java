package org.nvlink2vmm.vmm.vfiouser.server;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What has happened, for reports. The serving thread counts; device threads count what they do
 * themselves; anyone reads. Opaque accesses: a number may be a moment old, and device threads that
 * count at the same time may lose one.
 */
final class SessionCounts {
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  static final int MESSAGES = 0;
  static final int ERRORS = 1;
  static final int REFUSED_BY_DEVICE = 2;
  static final int DMA_REFUSED = 3;
  static final int DMA_MESSAGES = 4;
  static final int INTERRUPTS = 5;
  private static final int KINDS = 6;

  private final long[] counts = new long[KINDS];

  private void count(int kind) {
    LONGS.setOpaque(counts, kind, (long) LONGS.getOpaque(counts, kind) + 1);
  }

  long of(int kind) {
    return (long) LONGS.getOpaque(counts, kind);
  }

  void message() {
    count(MESSAGES);
  }

  /** A command answered with an errno. */
  void error() {
    count(ERRORS);
  }

  /** An access to a region that the device refused: all ones, or lost. */
  void refusedByDevice() {
    count(REFUSED_BY_DEVICE);
  }

  /** A device's DMA that did not happen: nothing mapped, no right, or Bus Master off. */
  void dmaRefused() {
    count(DMA_REFUSED);
  }

  /** A DMA_READ or DMA_WRITE sent. */
  void dmaMessage() {
    count(DMA_MESSAGES);
  }

  /** An eventfd signalled. */
  void interrupt() {
    count(INTERRUPTS);
  }
}
