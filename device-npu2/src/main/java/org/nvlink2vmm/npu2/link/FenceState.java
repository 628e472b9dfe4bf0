package org.nvlink2vmm.npu2.link;

import java.util.Optional;

/** The top two bits of a brick's CQ_FENCE_STATUS (skiboot include/npu2-regs.h, NTL-U + 0x500). */
public enum FenceState {
  /** Traffic flows as far as the link does. */
  RUNNING(0),
  /** Leaving the fence: registers answer, data does not flow yet. */
  HALF(2),
  /** Nothing passes. */
  FENCED(3);

  private final int bits;

  FenceState(int bits) {
    this.bits = bits;
  }

  /** The state of two bits; none for 1. */
  static Optional<FenceState> of(int bits) {
    for (FenceState state : values()) {
      if (state.bits == bits) {
        return Optional.of(state);
      }
    }
    return Optional.empty();
  }

  /** The two bits as a number. */
  public int bits() {
    return bits;
  }
}
