package org.nvlink2vmm.dt.spapr;

/**
 * What was reported while a machine was laid out, without stopping it.
 *
 * @param level whether QEMU printed it, or we warn
 * @param text one line
 */
public record Message(Level level, String text) {
  /** Who says so. */
  public enum Level {
    /** An error report that QEMU printed before it went on; its words. */
    ERROR_REPORT,
    /** Our own remark. */
    WARNING
  }

  static Message errorReport(String text) {
    return new Message(Level.ERROR_REPORT, text);
  }

  static Message warning(String text) {
    return new Message(Level.WARNING, text);
  }
}
