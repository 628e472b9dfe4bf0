package org.nvlink2vmm.vmm.vcpu;

/** How a thread makes the other threads of its partition drop their translations. */
interface Broadcast {
  /** Asks all others to forget what they know. */
  void invalidate();

  /** Returns when all others have. */
  void await();
}
