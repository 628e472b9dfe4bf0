package org.nvlink2vmm.vmm.guest;

import java.io.Serial;

/**
 * A strict machine stopped the guest: an access to GPU memory was carried by nothing, for which a
 * real machine raises a low level error. The machine answers no more accesses.
 */
public final class GuestStopped extends IllegalStateException {
  @Serial private static final long serialVersionUID = 1;

  public GuestStopped(String message) {
    super(message);
  }
}
