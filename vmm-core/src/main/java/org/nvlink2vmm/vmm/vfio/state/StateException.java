package org.nvlink2vmm.vmm.vfio.state;

import java.io.IOException;

/** A state that came from outside cannot be taken: one line that says what is wrong with it. */
public final class StateException extends IOException {
  private static final long serialVersionUID = 1L;

  public StateException(String message) {
    super(message);
  }
}
