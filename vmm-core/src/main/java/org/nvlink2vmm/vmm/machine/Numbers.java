package org.nvlink2vmm.vmm.machine;

import java.math.BigInteger;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Numbers as people write them: decimal, {@code 0x} hexadecimal, with a binary suffix K, M, G, T.
 */
final class Numbers {
  private static final Pattern FORM =
      Pattern.compile("(?:0[xX](\\p{XDigit}{1,16})|(\\d{1,20}))([KMGT]?)");
  private static final String SUFFIXES = "KMGT";

  /** What {@link #parse} takes, for error messages. */
  static final String EXPECTED =
      "a number (decimal or 0x hexadecimal, with an optional K, M, G, T)";

  private Numbers() {}

  /** The number, unsigned in 64 bits; empty when the text has another form or does not fit. */
  static OptionalLong parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      return OptionalLong.empty();
    }
    BigInteger number =
        form.group(1) != null ? new BigInteger(form.group(1), 16) : new BigInteger(form.group(2));
    int suffix = SUFFIXES.indexOf(form.group(3));
    BigInteger value = form.group(3).isEmpty() ? number : number.shiftLeft(10 * (suffix + 1));
    return value.bitLength() > 64 ? OptionalLong.empty() : OptionalLong.of(value.longValue());
  }
}
