package org.nvlink2vmm.v100.mmu;

/**
 * Size of a translation cache.
 *
 * @param entries a power of two, 16 to 2^22
 * @param ways entries a set, a power of two, 1 to 16
 */
public record TlbShape(int entries, int ways) {
  /** 4096 entries, 8 ways: sane, not measured on a board. */
  public static final TlbShape DEFAULT = new TlbShape(4096, 8);

  public TlbShape {
    if (Integer.bitCount(entries) != 1 || entries < 16 || entries > 1 << 22) {
      throw new IllegalArgumentException(
          "%d entries, expected a power of two from 16 to 4194304".formatted(entries));
    }
    if (Integer.bitCount(ways) != 1 || ways < 1 || ways > 16) {
      throw new IllegalArgumentException(
          "%d ways, expected a power of two from 1 to 16".formatted(ways));
    }
  }

  int sets() {
    return entries / ways;
  }
}
