package org.nvlink2vmm.vmm.machine;

/** A machine cannot be built as its file asks: one line that says where, and what would fit. */
public final class ConfigError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * A value that does not fit.
   *
   * @param place the file and the path in it: {@code demo.yaml: phbs[1].devices[2].vfio.tgt}
   */
  public ConfigError(String place, String found, String expected) {
    this(place + ": found " + found + ", expected " + expected);
  }

  public ConfigError(String message) {
    super(message);
  }
}
