package org.nvlink2vmm.dt.dts;

/** Cuts a text into words. */
final class DtsLexer {
  private DtsLexer() {}

  /** Whether nodes and properties may have {@code c} in their names. */
  static boolean isNameCharacter(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || ",._+*#?@-".indexOf(c) >= 0;
  }
}
