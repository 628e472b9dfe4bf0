package org.nvlink2vmm.dt.tree;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A property: a name and a value of big-endian bytes. Immutable; {@link #equals} compares both.
 *
 * <p>The readers {@link #u32()} and {@link #u64()} take the first cells of a longer value and are
 * empty for a shorter one, as the kernel's {@code of_property_read_u32} and {@code _u64} do.
 */
public final class Property {
  private static final VarHandle U32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle U64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final String name;
  private final byte[] value;

  private Property(String name, byte[] value) {
    this.name = Objects.requireNonNull(name, "name");
    this.value = value;
  }

  /** A property without a value, such as {@code interrupt-controller}. */
  public static Property empty(String name) {
    return new Property(name, new byte[0]);
  }

  public static Property ofBytes(String name, byte... value) {
    return new Property(name, value.clone());
  }

  /** A copy of {@code length} bytes of {@code source} from {@code from} on. */
  public static Property ofRange(String name, byte[] source, int from, int length) {
    Objects.checkFromIndexSize(from, length, source.length);
    return new Property(name, Arrays.copyOfRange(source, from, from + length));
  }

  /** One cell a number. */
  public static Property ofU32(String name, int... cells) {
    byte[] value = new byte[Math.multiplyExact(cells.length, 4)];
    for (int i = 0; i < cells.length; i++) {
      U32.set(value, 4 * i, cells[i]);
    }
    return new Property(name, value);
  }

  /** Two cells a number, the high one first. */
  public static Property ofU64(String name, long... numbers) {
    byte[] value = new byte[Math.multiplyExact(numbers.length, 8)];
    for (int i = 0; i < numbers.length; i++) {
      U64.set(value, 8 * i, numbers[i]);
    }
    return new Property(name, value);
  }

  /** Each string with its terminating NUL. */
  public static Property ofStrings(String name, String... strings) {
    byte[][] parts = new byte[strings.length][];
    int length = 0;
    for (int i = 0; i < strings.length; i++) {
      parts[i] = strings[i].getBytes(StandardCharsets.UTF_8);
      length = Math.addExact(length, parts[i].length + 1);
    }
    byte[] value = new byte[length];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, value, at, part.length);
      at += part.length + 1;
    }
    return new Property(name, value);
  }

  public String name() {
    return name;
  }

  /** Length of the value in bytes. */
  public int length() {
    return value.length;
  }

  /** A copy of the value. */
  public byte[] bytes() {
    return value.clone();
  }

  public byte byteAt(int index) {
    return value[index];
  }

  /** Copies the whole value to {@code target} at {@code at}. */
  public void copyTo(byte[] target, int at) {
    System.arraycopy(value, 0, target, at, value.length);
  }

  /** Copies the whole value to {@code target} at {@code at}. */
  public void copyTo(MemorySegment target, long at) {
    MemorySegment.copy(value, 0, target, ValueLayout.JAVA_BYTE, at, value.length);
  }

  /** The value as a read-only segment over the same bytes, for writers that must not copy twice. */
  public MemorySegment segment() {
    return MemorySegment.ofArray(value).asReadOnly();
  }

  /** The first cell; empty when the value is shorter than 4 bytes. */
  public OptionalInt u32() {
    return value.length < 4 ? OptionalInt.empty() : OptionalInt.of((int) U32.get(value, 0));
  }

  /** The first two cells; empty when the value is shorter than 8 bytes. */
  public OptionalLong u64() {
    return value.length < 8 ? OptionalLong.empty() : OptionalLong.of((long) U64.get(value, 0));
  }

  /** Number of whole cells in the value. */
  public int cellCount() {
    return value.length / 4;
  }

  /**
   * Cell number {@code index}.
   *
   * @throws IndexOutOfBoundsException when the value has no such whole cell
   */
  public int cell(int index) {
    return (int) U32.get(value, 4 * Objects.checkIndex(index, cellCount()));
  }

  /**
   * The number in the two cells from cell {@code index} on.
   *
   * @throws IndexOutOfBoundsException when the value has no such whole cells
   */
  public long cellPair(int index) {
    return (long) U64.get(value, 4 * Objects.checkFromIndexSize(index, 2, cellCount()));
  }

  /** All whole cells. */
  public int[] cells() {
    int[] cells = new int[cellCount()];
    for (int i = 0; i < cells.length; i++) {
      cells[i] = (int) U32.get(value, 4 * i);
    }
    return cells;
  }

  /** The value up to its first NUL, or all of it when there is none. */
  public String string() {
    int end = 0;
    while (end < value.length && value[end] != 0) {
      end++;
    }
    return new String(value, 0, end, StandardCharsets.UTF_8);
  }

  /** The NUL-terminated strings of the value; a last piece without NUL counts as one. */
  public List<String> strings() {
    List<String> strings = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < value.length; i++) {
      if (value[i] == 0) {
        strings.add(new String(value, start, i - start, StandardCharsets.UTF_8));
        start = i + 1;
      }
    }
    if (start < value.length) {
      strings.add(new String(value, start, value.length - start, StandardCharsets.UTF_8));
    }
    return strings;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Property that
        && name.equals(that.name)
        && Arrays.equals(value, that.value);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Arrays.hashCode(value);
  }

  @Override
  public String toString() {
    return name + " (" + value.length + " bytes)";
  }
}
