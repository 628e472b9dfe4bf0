package org.nvlink2vmm.dt.spapr;

import java.util.Locale;

/** How numbers look in messages. */
final class Text {
  private Text() {}

  static String hex(long number) {
    return "0x" + Long.toHexString(number);
  }

  /** {@code 02.1}, as lspci prints slot and function. */
  static String slotAndFunction(int devfn) {
    return String.format(Locale.ROOT, "%02x.%x", devfn >> 3, devfn & 7);
  }
}
