package org.nvlink2vmm.vmm.vfiouser.codec;

import java.lang.foreign.MemorySegment;

/**
 * What one receive call brought: bytes, and the descriptors that the kernel handed over with them.
 * The channel uses one again and again, so it is valid only until the handler returns.
 */
public final class Chunk {
  private final MemorySegment bytes;
  private final Descriptors descriptors = new Descriptors();
  private int length;

  /**
   * @param bytes room for the bytes of a receive call
   */
  public Chunk(MemorySegment bytes) {
    this.bytes = bytes;
  }

  public MemorySegment bytes() {
    return bytes;
  }

  public Descriptors descriptors() {
    return descriptors;
  }

  /** How many of {@link #bytes()} count, from the first. */
  public int length() {
    return length;
  }

  public void length(int received) {
    length = received;
  }
}
