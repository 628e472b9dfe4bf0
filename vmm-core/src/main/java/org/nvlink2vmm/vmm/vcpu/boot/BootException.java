package org.nvlink2vmm.vmm.vcpu.boot;

/** A guest that cannot be started; the message is one line for people. */
public final class BootException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BootException(String message) {
    super(message);
  }
}
