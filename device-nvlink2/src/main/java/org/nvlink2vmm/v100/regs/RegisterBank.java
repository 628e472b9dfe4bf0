package org.nvlink2vmm.v100.regs;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;

/**
 * A unit of 32-bit registers, declared one a line. What is not declared reads 0, drops writes and
 * is counted.
 */
public final class RegisterBank extends Unit {
  private static final int NONE = -1;

  private enum Kind {
    CONSTANT,
    STORAGE,
    CLEAR_ON_ONE,
    SET_BITS,
    CLEAR_BITS,
    COMPUTED
  }

  private final int base;
  private final UnmodelledCount unmodelled;
  private final short[] index;
  private Kind[] kinds = new Kind[0];
  private int[] masks = new int[0];
  private int[] resets = new int[0];
  private IntSupplier[] reads = new IntSupplier[0];
  private IntConsumer[] writes = new IntConsumer[0];
  private AtomicIntegerArray values = new AtomicIntegerArray(0);

  /**
   * @param base offset of the unit in BAR 0
   * @param size bytes, whole pages of 4 KiB
   */
  RegisterBank(String name, int base, int size, UnmodelledCount unmodelled) {
    super(name);
    this.base = base;
    this.unmodelled = unmodelled;
    index = new short[size / 4];
    Arrays.fill(index, (short) NONE);
  }

  /** Always reads the same. */
  RegisterBank constant(int offset, int value) {
    return declare(offset, Kind.CONSTANT, value, 0, null, null);
  }

  /** Keeps what is written to the bits of {@code mask}. */
  RegisterBank storage(int offset, int reset, int mask) {
    return declare(offset, Kind.STORAGE, reset, mask, null, null);
  }

  /** Bits fall when one is written to them. */
  RegisterBank clearOnOne(int offset) {
    return declare(offset, Kind.CLEAR_ON_ONE, 0, -1, null, null);
  }

  /** Bits of the register at {@code kept}, which reads them, rise and fall by two others. */
  RegisterBank enables(int kept, int set, int clear) {
    storage(kept, 0, 0);
    int slot = index[(kept - base) / 4];
    return declare(set, Kind.SET_BITS, 0, slot, null, null)
        .declare(clear, Kind.CLEAR_BITS, 0, slot, null, null);
  }

  /** Calls. */
  RegisterBank computed(int offset, IntSupplier read, IntConsumer write) {
    return declare(offset, Kind.COMPUTED, 0, -1, read, write);
  }

  /** {@code count} registers of storage in a row, 4 bytes apart. */
  RegisterBank storageRow(int offset, int count, int mask) {
    for (int i = 0; i < count; i++) {
      storage(offset + 4 * i, 0, mask);
    }
    return this;
  }

  private RegisterBank declare(
      int offset, Kind kind, int reset, int mask, IntSupplier read, IntConsumer write) {
    int slot = kinds.length;
    index[(offset - base) / 4] = (short) slot;
    kinds = Arrays.copyOf(kinds, slot + 1);
    masks = Arrays.copyOf(masks, slot + 1);
    resets = Arrays.copyOf(resets, slot + 1);
    reads = Arrays.copyOf(reads, slot + 1);
    writes = Arrays.copyOf(writes, slot + 1);
    kinds[slot] = kind;
    masks[slot] = mask;
    resets[slot] = reset;
    reads[slot] = read;
    writes[slot] = write;
    return this;
  }

  /** Ends the declaration: gives registers their reset values. */
  RegisterBank ready() {
    values = new AtomicIntegerArray(resets);
    return this;
  }

  /** Gives registers their reset values again. */
  void reset() {
    for (int slot = 0; slot < resets.length; slot++) {
      values.set(slot, resets[slot]);
    }
  }

  /** Registers that keep something. */
  int keptCount() {
    int count = 0;
    for (Kind kind : kinds) {
      count += keeps(kind) ? 1 : 0;
    }
    return count;
  }

  private static boolean keeps(Kind kind) {
    return kind == Kind.STORAGE || kind == Kind.CLEAR_ON_ONE;
  }

  /** Puts offset and value of each register that keeps something. */
  void save(ByteBuffer target) {
    for (int word = 0; word < index.length; word++) {
      int slot = index[word];
      if (slot != NONE && keeps(kinds[slot])) {
        target.putInt(base + 4 * word).putInt(values.get(slot));
      }
    }
  }

  /**
   * Takes what {@link #save} put.
   *
   * @param apply false: only looks whether it could be
   * @return offset of the first register that does not fit, -1 when all do
   */
  int restore(ByteBuffer source, boolean apply) {
    for (int word = 0; word < index.length; word++) {
      int slot = index[word];
      if (slot != NONE && keeps(kinds[slot])) {
        int offset = source.getInt();
        int value = source.getInt();
        int fixed = isEnables(slot) ? 0 : ~masks[slot];
        if (offset != base + 4 * word || ((value ^ resets[slot]) & fixed) != 0) {
          return base + 4 * word;
        }
        if (apply) {
          values.set(slot, value);
        }
      }
    }
    return -1;
  }

  /** Whether other registers change it. */
  private boolean isEnables(int slot) {
    return kinds[slot] == Kind.STORAGE
        && slot + 1 < kinds.length
        && kinds[slot + 1] == Kind.SET_BITS
        && masks[slot + 1] == slot;
  }

  @Override
  protected long read(int offset, int size) {
    int slot = index[(offset - base) / 4];
    if (slot == NONE) {
      unmodelled.read(offset, size);
      return 0;
    }
    int word = kinds[slot] == Kind.COMPUTED ? reads[slot].getAsInt() : values.get(slot);
    return Integer.toUnsignedLong(word) >>> (8 * (offset & 3)) & (1L << (8 * size)) - 1;
  }

  @Override
  protected void write(int offset, int size, int value) {
    int slot = index[(offset - base) / 4];
    if (slot == NONE) {
      unmodelled.write(offset, size, value);
      return;
    }
    int shift = 8 * (offset & 3);
    int lanes = (int) ((1L << (8 * size)) - 1) << shift;
    switch (kinds[slot]) {
      case CONSTANT -> {}
      case STORAGE -> merge(slot, value << shift, lanes & masks[slot]);
      case CLEAR_ON_ONE -> merge(slot, 0, value << shift & lanes);
      case SET_BITS -> merge(masks[slot], -1, value << shift & lanes);
      case CLEAR_BITS -> merge(masks[slot], 0, value << shift & lanes);
      case COMPUTED -> writes[slot].accept(value << shift & lanes);
    }
  }

  /** Sets bits as the hardware does, whatever software may write. */
  void raise(int offset, int bits) {
    merge(index[(offset - base) / 4], bits, bits);
  }

  private void merge(int slot, int value, int mask) {
    int old = values.get(slot);
    while (!values.compareAndSet(slot, old, (old & ~mask) | (value & mask))) {
      old = values.get(slot);
    }
  }
}
