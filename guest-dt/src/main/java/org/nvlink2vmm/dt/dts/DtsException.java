package org.nvlink2vmm.dt.dts;

/**
 * A text cannot be read, with the place ({@code file:line:column}), what was found there and what
 * was expected; or a tree cannot be written as text.
 */
public final class DtsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int LONGEST = 400;

  DtsException(String message) {
    super(line(message));
  }

  DtsException(Position position, String message) {
    super(line(position + ": " + message));
  }

  /** One line of bearable length, whatever names the text has. */
  private static String line(String message) {
    String cut = message.length() <= LONGEST ? message : message.substring(0, LONGEST) + "...";
    return cut.replaceAll("[\\p{Cntrl}\\x{80}-\\x{9f}\\x{2028}\\x{2029}]", "?");
  }
}
