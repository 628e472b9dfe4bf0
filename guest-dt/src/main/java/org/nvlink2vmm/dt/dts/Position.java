package org.nvlink2vmm.dt.dts;

/** A place in a text; line and column count from 1, columns in bytes. */
record Position(String file, int line, int column) {
  private static final int LONGEST_FILE = 200;

  /** A name from a text may have any length, and must not push the reason out of the message. */
  Position {
    if (file.length() > LONGEST_FILE) {
      file = "..." + file.substring(file.length() - LONGEST_FILE + 3);
    }
  }

  @Override
  public String toString() {
    return file + ":" + line + ":" + column;
  }
}
