package org.nvlink2vmm.dt.powernv;

/** A range of physical addresses: base and size in bytes, both unsigned. */
public record MemoryWindow(long base, long size) {
  /** The first address after the window; wraps to 0 for one that reaches the top. */
  public long end() {
    return base + size;
  }

  @Override
  public String toString() {
    return "0x%x, 0x%x bytes".formatted(base, size);
  }
}
