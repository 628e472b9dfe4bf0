package org.nvlink2vmm.vmm.vcpu;

/** How an instruction ended when it did not simply complete. */
final class Event {
  static final int NONE = 0;

  /** An interrupt at the instruction itself: vector, SRR1 bits, DAR and DSISR are set. */
  static final int FAULT = 1;

  /** Done, and execution goes on at {@code pc}, possibly in another context. */
  static final int CONTEXT = 2;

  /** Done; the thread has to look outside: a hypercall, a stop. */
  static final int HYPERCALL = 3;

  private Event() {}
}
