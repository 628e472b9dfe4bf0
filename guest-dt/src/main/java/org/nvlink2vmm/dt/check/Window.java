package org.nvlink2vmm.dt.check;

import org.nvlink2vmm.dt.tree.Node;

/**
 * A range of addresses that a node claims.
 *
 * @param what how to call it in a finding
 * @param base first address, unsigned
 * @param size bytes, unsigned, not 0
 */
record Window(Node node, String what, long base, long size) implements Comparable<Window> {
  /** The last address; below {@link #base} when the window runs past 2^64. */
  long last() {
    return base + size - 1;
  }

  boolean wraps() {
    return Long.compareUnsigned(last(), base) < 0;
  }

  @Override
  public int compareTo(Window other) {
    return Long.compareUnsigned(base, other.base);
  }

  @Override
  public String toString() {
    return "%s 0x%x..0x%x".formatted(what, base, last());
  }
}
