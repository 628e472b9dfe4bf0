package org.nvlink2vmm.dt.dts;

/** A place in a text; line and column count from 1, columns in bytes. */
record Position(String file, int line, int column) {
  @Override
  public String toString() {
    return file + ":" + line + ":" + column;
  }
}
