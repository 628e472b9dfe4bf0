package org.nvlink2vmm.vmm.machine;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.nvlink2vmm.vmm.ats.Npu;

/**
 * What a strict machine does about an access to GPU memory that nothing carries, for which a real
 * one raises a low level error: from the first on its guest, of whatever kind, is stopped. Who
 * touched what is among the host's findings. A machine that is not strict never raises one here.
 */
final class LowLevelErrors {
  /** Said of the guest that was stopped. */
  static final String STOPPED = "stopped by a strict machine: nothing carried an access";

  private final AtomicBoolean raised = new AtomicBoolean();
  private final List<Runnable> stops = new CopyOnWriteArrayList<>();

  /** To be told of the errors of an NPU. */
  void watch(Npu npu) {
    npu.onUnreachable(this::raise);
  }

  private void raise() {
    if (raised.compareAndSet(false, true)) {
      stops.forEach(Runnable::run);
    }
  }

  /** Whether there was one. A hot path: one read. */
  boolean raised() {
    return raised.get();
  }

  /** Says how to stop a guest: called once, at the first error or at once if it is over. */
  void stop(Runnable guest) {
    stops.add(guest);
    if (raised.get()) {
      guest.run();
    }
  }
}
