package org.nvlink2vmm.vmm.machine;

import java.util.Locale;

/** Sizes as people read them: {@code 128 GiB}, {@code 64 KiB}, {@code 24 B}. */
public final class Sizes {
  private static final String PREFIXES = "KMGT";

  private Sizes() {}

  /** The size in the largest binary unit of which it is a whole number. */
  public static String text(long bytes) {
    int unit = bytes == 0 ? 0 : Math.min(PREFIXES.length(), Long.numberOfTrailingZeros(bytes) / 10);
    return unit == 0
        ? bytes + " B"
        : String.format(Locale.ROOT, "%d %ciB", bytes >>> (10 * unit), PREFIXES.charAt(unit - 1));
  }
}
