package org.nvlink2vmm.dt.spapr;

/**
 * A base address register that decodes something.
 *
 * @param index 0 ... 5, or {@link #ROM}
 * @param kind the space it decodes
 * @param size bytes
 */
public record PciBar(int index, Kind kind, long size) {
  /** Index of the expansion ROM. */
  public static final int ROM = 6;

  /** Spaces, with the code of {@code phys.hi} bits 24-25 (IEEE 1275 PCI binding, 2.2.1.1). */
  public enum Kind {
    IO(1),
    MEMORY_32(2),
    MEMORY_64(3);

    final int spaceCode;

    Kind(int spaceCode) {
      this.spaceCode = spaceCode;
    }
  }

  public PciBar {
    if (index < 0 || index > ROM || size <= 0) {
      throw new IllegalArgumentException("BAR " + index + " of " + Text.hex(size) + " bytes");
    }
  }

  /** Offset of the register in configuration space; bridges have their ROM register elsewhere. */
  int register(boolean bridge) {
    if (index == ROM) {
      return bridge ? 0x38 : 0x30;
    }
    return 0x10 + 4 * index;
  }
}
