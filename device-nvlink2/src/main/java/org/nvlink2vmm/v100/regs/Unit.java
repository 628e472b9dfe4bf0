package org.nvlink2vmm.v100.regs;

/**
 * A part of the GPU that answers register accesses in whole pages of 4 KiB of BAR 0. Offsets are
 * from the start of BAR 0, sizes 1, 2 or 4 with the offset aligned, values little-endian.
 */
public abstract class Unit {
  private final String name;

  protected Unit(String name) {
    this.name = name;
  }

  /** As NVIDIA's manuals call it. */
  public String name() {
    return name;
  }

  /** The value, zero-extended; 0 for a register that is not modelled. */
  protected abstract long read(int offset, int size);

  protected abstract void write(int offset, int size, int value);
}
