package org.nvlink2vmm.vmm.guest;

/** What the low bits of a BAR say (PCI Local Bus 3.0, 6.2.5.1). */
enum BarKind {
  IO("io"),
  MEM32("mem32"),
  MEM32_PREFETCHABLE("mem32-prefetchable"),
  MEM64("mem64"),
  MEM64_PREFETCHABLE("mem64-prefetchable");

  private final String text;

  BarKind(String text) {
    this.text = text;
  }

  String text() {
    return text;
  }

  static BarKind of(int register) {
    if ((register & 1) != 0) {
      return IO;
    }
    boolean prefetchable = (register & 8) != 0;
    if ((register & 6) == 4) {
      return prefetchable ? MEM64_PREFETCHABLE : MEM64;
    }
    return prefetchable ? MEM32_PREFETCHABLE : MEM32;
  }

  boolean isWide() {
    return this == MEM64 || this == MEM64_PREFETCHABLE;
  }

  /** The bits of the register that are no address. */
  int flagMask() {
    return this == IO ? 3 : 0xf;
  }
}
