package org.nvlink2vmm.vmm.cli;

/** The machine on which the program runs refuses something; one line says what. */
final class EnvironmentError extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EnvironmentError(String message) {
    super(message);
  }
}
