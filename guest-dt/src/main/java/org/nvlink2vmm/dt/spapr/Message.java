package org.nvlink2vmm.dt.spapr;

/**
 * What was reported while a machine was laid out, without stopping it.
 *
 * @param level whether QEMU printed it, or we warn
 * @param subject the device or vPHB that it is about, or {@code machine}
 * @param text one line; of an error report exactly QEMU's words
 */
public record Message(Level level, String subject, String text) {
  /** Who says so. */
  public enum Level {
    /** An error report that QEMU printed before it went on. */
    ERROR_REPORT,
    /** Our own remark. */
    WARNING
  }

  static Message errorReport(Object subject, String text) {
    return new Message(Level.ERROR_REPORT, subject.toString(), text);
  }

  static Message warning(Object subject, String text) {
    return new Message(Level.WARNING, subject.toString(), text);
  }

  /** Both in one line. */
  @Override
  public String toString() {
    return subject + ": " + text;
  }
}
