package org.nvlink2vmm.vmm.vfio.state;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a saved state, little-endian.
 *
 * <pre>
 * header     56: u64 magic, u32 version, u32 zero, u64 bytes of memory, 32 bytes kind
 * record     16: u32 1, u32 size, 8 bytes name; then size bytes
 * pages      16: u32 2, u32 size, u64 offset; then size bytes of memory
 * end        16: u32 3, u32 CRC-32C of everything before, u64 bytes of memory that were sent
 * </pre>
 *
 * <p>First come the device's records, each once and in the device's order. Then come pieces of its
 * memory by ascending offset, none touching what an earlier one had; what is in none reads zero.
 * Nothing follows the end.
 */
public final class StateFormat {
  /** "N2VSTATE". */
  static final long MAGIC = 0x4554_4154_5356_324eL;

  /** Changes with the format or with what a record of any device means. */
  static final int VERSION = 1;

  static final int HEADER = 56;
  static final int KIND_AT = 24;
  static final int KIND = 32;
  static final int PREFIX = 16;
  static final int NAME = 8;

  static final int RECORD = 1;
  static final int PAGES = 2;
  static final int END = 3;

  /** Pieces of memory begin and end at multiples of it. */
  public static final int PAGE = 4096;

  /** A page as it is before it is touched. */
  static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[PAGE]).asReadOnly();

  /** Largest piece of memory, bytes. */
  public static final int MOST_PAGES = 1 << 20;

  /** Largest record, bytes. */
  public static final int MOST_RECORD = 1 << 20;

  private StateFormat() {}

  /** Text in a field of fixed size, filled up with zeros. */
  static byte[] field(String text, int size) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length == 0 || bytes.length > size) {
      throw new IllegalArgumentException("\"" + text + "\" does not fit " + size + " bytes");
    }
    return java.util.Arrays.copyOf(bytes, size);
  }

  /** What a field says, for people: what is no printable ASCII shows as a dot. */
  static String text(byte[] field) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < field.length && field[i] != 0; i++) {
      text.append(field[i] >= 0x20 && field[i] < 0x7f ? (char) field[i] : '.');
    }
    return text.toString();
  }
}
