package org.nvlink2vmm.vmm.pci;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * The config space of one function: bytes, for each bit whether it can be written or cleared by
 * writing one, and traps. Little-endian; accesses of 1, 2 or 4 bytes at any offset.
 *
 * <p>There are two sides. {@link #read} and {@link #write} are software's: traps come first, then
 * masks count. {@link #load}, {@link #store} and {@link #update} are the device's own: no traps, no
 * masks. What does not lie in the space, or is wider, reads all ones and is not written.
 *
 * <p>Threads: masks and traps are set up before the space is shared. Afterwards any thread may use
 * both sides; words of 4 bytes change atomically.
 */
public final class ConfigSpace extends MmioHandler {
  /** What a host bridge lets through: aligned accesses of 1, 2 or 4 bytes. */
  public static final AccessRules ACCESS_RULES =
      new AccessRules(1, 4, true, 4, ByteOrder.LITTLE_ENDIAN);

  private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);

  private final int size;
  private final WriteRule rule;
  private final int[] words;
  private final int[] declared;
  private final int[] writable;
  private final int[] clearable;

  /** For each word whether any trap overlaps it. */
  private final boolean[] trapped;

  private Range[] traps = {};

  private record Range(int start, int end, ConfigTrap trap) {
    boolean overlaps(long offset, int size) {
      return offset < end && offset + size > start;
    }
  }

  /** A space of zeros that cannot be written, under {@link WriteRule#STANDARD}. */
  public ConfigSpace(int size) {
    this(size, WriteRule.STANDARD);
  }

  /**
   * A space of zeros that cannot be written.
   *
   * @param size bytes, a multiple of 4: {@link PciRegs#CFG_SPACE_SIZE} or {@link
   *     PciRegs#CFG_SPACE_EXP_SIZE}
   */
  public ConfigSpace(int size, WriteRule rule) {
    if (size <= 0 || size % 4 != 0) {
      throw new IllegalArgumentException("Config space of " + size + " bytes");
    }
    this.size = size;
    this.rule = Objects.requireNonNull(rule, "rule");
    words = new int[size / 4];
    declared = new int[size / 4];
    writable = new int[size / 4];
    clearable = new int[size / 4];
    trapped = new boolean[size / 4];
  }

  public int size() {
    return size;
  }

  /** Declares a byte. See {@link #set32}. */
  public ConfigSpace set8(int offset, int value, int writableBits, int clearableBits) {
    return set(offset, 1, value, writableBits, clearableBits);
  }

  /** Declares two bytes. See {@link #set32}. */
  public ConfigSpace set16(int offset, int value, int writableBits, int clearableBits) {
    return set(offset, 2, value, writableBits, clearableBits);
  }

  /**
   * Declares four bytes at any offset; replaces what was declared for them.
   *
   * @param value what they hold
   * @param writableBits bits that a write changes
   * @param clearableBits bits that are cleared by writing one
   * @throws IndexOutOfBoundsException when they do not lie in the space
   */
  public ConfigSpace set32(int offset, int value, int writableBits, int clearableBits) {
    return set(offset, 4, value, writableBits, clearableBits);
  }

  /**
   * Puts a trap in front of a range. Of several that overlap an access the first that was added
   * gets it, alone.
   *
   * @throws IndexOutOfBoundsException when the range does not lie in the space
   */
  public ConfigSpace trap(int offset, int length, ConfigTrap trap) {
    Objects.checkFromIndexSize(offset, length, size);
    Objects.requireNonNull(trap, "trap");
    Range[] more = Arrays.copyOf(traps, traps.length + 1);
    more[traps.length] = new Range(offset, offset + length, trap);
    traps = more;
    for (int word = offset / 4; word * 4 < offset + length; word++) {
      trapped[word] = true;
    }
    return this;
  }

  @Override
  public long read(long offset, int size) {
    if (outside(offset, size)) {
      return ones(size);
    }
    ConfigTrap trap = trapAt((int) offset, size);
    if (trap != null) {
      long value = trap.read((int) offset, size);
      if (value != ConfigTrap.PASS) {
        return value & ones(size);
      }
    }
    return load((int) offset, size);
  }

  @Override
  public void write(long offset, int size, long value) {
    if (outside(offset, size)) {
      return;
    }
    ConfigTrap trap = trapAt((int) offset, size);
    if (trap == null || !trap.write((int) offset, size, (int) (value & ones(size)))) {
      writeMasked((int) offset, size, value);
    }
  }

  /** A write of software that no trap sees; for traps that let it through and then act on it. */
  public void writeMasked(int offset, int size, long value) {
    if (outside(offset, size)) {
      return;
    }
    int word = offset / 4;
    int shift = 8 * (offset & 3);
    change(word, (int) (ones(size) << shift), (int) (value << shift), true);
    if (shift + 8 * size > 32) {
      writeMasked(4 * word + 4, size - (4 - (offset & 3)), (value & ones(size)) >>> (32 - shift));
    }
  }

  /** What the bytes hold, without traps. */
  public long load(int offset, int size) {
    if (outside(offset, size)) {
      return ones(size);
    }
    int word = offset / 4;
    int shift = 8 * (offset & 3);
    long value = Integer.toUnsignedLong((int) WORD.getAcquire(words, word)) >>> shift;
    if (shift + 8 * size > 32) {
      int rest = size - (4 - (offset & 3));
      value |= load(4 * word + 4, rest) << (32 - shift);
    }
    return value & ones(size);
  }

  /** Replaces the bytes, without traps and masks. */
  public void store(int offset, int size, long value) {
    update(offset, size, -1, value);
  }

  /** Replaces the bits of {@code mask}, without traps and write masks. */
  public void update(int offset, int size, long mask, long value) {
    if (outside(offset, size)) {
      return;
    }
    int word = offset / 4;
    int shift = 8 * (offset & 3);
    long bits = mask & ones(size);
    change(word, (int) (bits << shift), (int) (value << shift), false);
    if (shift + 8 * size > 32) {
      int rest = size - (4 - (offset & 3));
      int done = 32 - shift;
      update(4 * word + 4, rest, bits >>> done, (value & ones(size)) >>> done);
    }
  }

  /** Bits of the dword at {@code offset}, a multiple of 4, that software can write or clear. */
  public int changeable(int offset) {
    return writable[offset / 4] | clearable[offset / 4];
  }

  /** Gives all bytes the values they were declared with. */
  public void reset() {
    for (int word = 0; word < words.length; word++) {
      WORD.setRelease(words, word, declared[word]);
    }
  }

  private void change(int word, int bits, int value, boolean masked) {
    int old;
    int changed;
    do {
      old = (int) WORD.getAcquire(words, word);
      int next = masked ? rule.apply(old, value, writable[word], clearable[word]) : value;
      changed = (old & ~bits) | (next & bits);
    } while (!WORD.compareAndSet(words, word, old, changed));
  }

  private ConfigSpace set(int offset, int size, int value, int writableBits, int clearableBits) {
    Objects.checkFromIndexSize(offset, size, this.size);
    for (int i = 0; i < size; i++) {
      int word = (offset + i) / 4;
      int shift = 8 * ((offset + i) & 3);
      int keep = ~(0xff << shift);
      writable[word] = (writable[word] & keep) | ((writableBits >>> (8 * i) & 0xff) << shift);
      clearable[word] = (clearable[word] & keep) | ((clearableBits >>> (8 * i) & 0xff) << shift);
    }
    store(offset, size, value);
    for (int word = offset / 4; word * 4 < offset + size; word++) {
      declared[word] = words[word];
    }
    return this;
  }

  private ConfigTrap trapAt(int offset, int size) {
    if (!trapped[offset / 4] && !trapped[(offset + size - 1) / 4]) {
      return null;
    }
    for (Range range : traps) {
      if (range.overlaps(offset, size)) {
        return range.trap;
      }
    }
    return null;
  }

  private boolean outside(long offset, int size) {
    return size < 1 || size > 4 || offset < 0 || offset > this.size - size;
  }

  private static long ones(int size) {
    return -1L >>> (64 - 8 * size);
  }
}
