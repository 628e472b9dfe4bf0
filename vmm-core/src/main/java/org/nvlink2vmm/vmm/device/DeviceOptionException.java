package org.nvlink2vmm.vmm.device;

/** An option has a value that the plug-in cannot take; the message names the path and what fits. */
public final class DeviceOptionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DeviceOptionException(String path, String found, String expected) {
    super(path + ": found " + found + ", expected " + expected);
  }
}
