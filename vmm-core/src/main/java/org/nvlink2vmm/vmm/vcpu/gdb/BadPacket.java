package org.nvlink2vmm.vmm.vcpu.gdb;

/** A packet that makes no sense; answered with an error. */
final class BadPacket extends Exception {
  private static final long serialVersionUID = 1L;

  BadPacket() {
    super(null, null, false, false);
  }
}
