package org.nvlink2vmm.dt.dts;

/**
 * A text cannot be read, with the place ({@code file:line:column}), what was found there and what
 * was expected; or a tree cannot be written as text.
 */
public final class DtsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DtsException(String message) {
    super(message);
  }

  DtsException(Position position, String message) {
    super(position + ": " + message);
  }
}
