package org.nvlink2vmm.vmm.vcpu;

import java.nio.ByteOrder;

/** Whole cache blocks, and numbers replaced in one step, by guest-physical address. */
final class BlockStorage {
  private final CpuState s;
  private final Storage m;

  BlockStorage(CpuState state, Storage storage) {
    this.s = state;
    this.m = storage;
  }

  /** Clears the cache block of 128 bytes around an effective address. */
  void clearBlock(long address) {
    long ea = (s.wide ? address : address & 0xffffffffL) & ~127L;
    long gpa = m.storeAddress(ea);
    if (gpa < 0) {
      return;
    }
    if (gpa < m.ram.byteSize()) {
      m.ram.asSlice(gpa, 128).fill((byte) 0);
      m.written(gpa, 128);
    } else {
      for (int i = 0; i < 128; i += 8) {
        m.space.write(gpa + i, 8, 0, ByteOrder.LITTLE_ENDIAN);
      }
    }
  }

  /** The number of {@code size} bytes at a guest-physical address, little-endian. */
  long rawLoad(long gpa, int size) {
    return m.space.read(gpa, size, ByteOrder.LITTLE_ENDIAN);
  }

  /** Replaces a naturally aligned number (little-endian) if it is what is expected. */
  boolean compareAndSet(long gpa, int size, long expected, long value) {
    if (size >= 4) {
      boolean done = m.space.compareAndSet(gpa, size, expected, value, ByteOrder.LITTLE_ENDIAN);
      if (done) {
        m.written(gpa, size);
      }
      return done;
    }
    // Smaller ones through the word that holds them; another thread's store beside it just retries.
    long word = gpa & ~3;
    int shift = 8 * (int) (gpa & 3);
    long mask = size == 1 ? 0xffL : 0xffffL;
    for (; ; ) {
      long old = rawLoad(word, 4);
      if ((old >>> shift & mask) != (expected & mask)) {
        return false;
      }
      long changed = (old & ~(mask << shift)) | (value & mask) << shift;
      if (m.space.compareAndSet(word, 4, old, changed, ByteOrder.LITTLE_ENDIAN)) {
        m.written(gpa, size);
        return true;
      }
      if (m.space.claim(word).isEmpty() || gpa >= m.ram.byteSize()) {
        return false;
      }
    }
  }

  /** The low {@code size} bytes of a number in the thread's order, as a little-endian number. */
  long raw(long value, int size) {
    return m.bigEndian() ? Long.reverseBytes(value) >>> (64 - 8 * size) : value;
  }

  /** icbi: the block around an effective address is decoded anew. */
  void dropCode(long ea) {
    long gpa = m.loadAddress(s.wide ? ea : ea & 0xffffffffL);
    if (gpa >= 0) {
      m.written(gpa & ~127L, 128);
    }
  }
}
