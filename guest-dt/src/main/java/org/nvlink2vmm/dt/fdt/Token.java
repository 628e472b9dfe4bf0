package org.nvlink2vmm.dt.fdt;

/** Tokens of the structure block (Devicetree Specification v0.4, section 5.4.1). */
final class Token {
  static final int BEGIN_NODE = 1;
  static final int END_NODE = 2;
  static final int PROP = 3;
  static final int NOP = 4;
  static final int END = 9;

  private Token() {}

  /** Names and values are padded to whole words. */
  static long align(long size) {
    return (size + 3) & ~3L;
  }
}
