package org.nvlink2vmm.vmm.vcpu.boot;

import java.nio.ByteBuffer;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The symbols that a Linux kernel carries for its own messages, for one whose file was stripped.
 * They are found by their shape, since nothing points to them: a table of 256 tokens with the index
 * of their beginnings behind it; somewhere before that offsets of addresses, the base that they
 * count from, the number of names, the names, each a length and tokens, and markers, where each
 * 256th name begins (Linux scripts/kallsyms.c, 5.10 to 6.3, base-relative, as ppc64 has it).
 *
 * <p>The file is bounded input: every place is checked before it is read, and what does not agree
 * with all of this is not taken for symbols.
 */
final class Kallsyms {
  private static final int TOKENS = 256;
  private static final int MAX_TOKEN = 128;
  private static final int NAMES_PER_MARKER = 256;
  private static final int MAX_SYMBOLS = 1 << 20;
  private static final int MAX_NAMES_BYTES = 1 << 25;
  private static final int MAX_NAME = 512;

  private final ByteBuffer file;

  /** Where the parts begin in the file. */
  private int tokenIndex;

  private int tokens;
  private int names;
  private int count;

  private Kallsyms(ByteBuffer file) {
    this.file = file;
  }

  /**
   * Names by address.
   *
   * @param file a kernel, in its byte order
   * @param text where it is linked to begin, for one whose base is left to relocation
   */
  static Optional<NavigableMap<Long, String>> of(ByteBuffer file, long text) {
    Kallsyms symbols = new Kallsyms(file);
    for (int at = 0; at <= file.limit() - 2 * TOKENS; at += 8) {
      if (symbols.isTokenIndex(at) && symbols.findTokens() && symbols.findNames()) {
        return symbols.read(text);
      }
    }
    return Optional.empty();
  }

  private int unsigned(int at) {
    return Short.toUnsignedInt(file.getShort(at));
  }

  private boolean isTokenIndex(int at) {
    if (file.getShort(at) != 0) {
      return false;
    }
    for (int i = 1; i < TOKENS; i++) {
      int length = unsigned(at + 2 * i) - unsigned(at + 2 * i - 2);
      if (length < 2 || length > MAX_TOKEN) {
        return false;
      }
    }
    tokenIndex = at;
    return true;
  }

  private int token(int number) {
    return tokens + unsigned(tokenIndex + 2 * number);
  }

  private boolean findTokens() {
    int lastBegins = unsigned(tokenIndex + 2 * TOKENS - 2);
    int first = Math.max(0, tokenIndex - lastBegins - MAX_TOKEN & ~7);
    for (int at = first; at + lastBegins < tokenIndex; at += 8) {
      tokens = at;
      boolean fits = true;
      for (int i = 1; i < TOKENS && fits; i++) {
        fits = file.get(token(i) - 1) == 0 && file.get(token(i)) != 0;
      }
      if (fits) {
        return true;
      }
    }
    return false;
  }

  /** The number of names, padded to 8 bytes, behind a base that is none or a kernel's address. */
  private boolean findNames() {
    int end = Math.max(16, tokens - MAX_NAMES_BYTES);
    for (int at = tokens - 8 & ~7; at >= end; at -= 8) {
      int number = file.getInt(at);
      long base = file.getLong(at - 8);
      boolean plausible =
          number > 0 && number <= MAX_SYMBOLS && file.getInt(at + 4) == 0 && base <= 0;
      if (plausible && agreeWithMarkers(at + 8, number)) {
        names = at + 8;
        count = number;
        return true;
      }
    }
    return false;
  }

  /** Whether so many names are followed by markers that say where each 256th begins. */
  private boolean agreeWithMarkers(int from, int number) {
    int[] begins = new int[(number + NAMES_PER_MARKER - 1) / NAMES_PER_MARKER];
    int at = from;
    for (int i = 0; i < number; i++) {
      if (at >= tokens - 2 || length(at) == 0) {
        return false;
      }
      if (i % NAMES_PER_MARKER == 0) {
        begins[i / NAMES_PER_MARKER] = at - from;
      }
      at = behind(at);
    }
    int markers = at + 7 & ~7;
    if (markers > tokens - 4 * begins.length) {
      return false;
    }
    for (int i = 0; i < begins.length; i++) {
      if (file.getInt(markers + 4 * i) != begins[i]) {
        return false;
      }
    }
    return true;
  }

  /** The length of a name in tokens: one byte, or two from 128 on. */
  private int length(int at) {
    int low = file.get(at) & 0xff;
    return low < 0x80 ? low : (low & 0x7f) | (file.get(at + 1) & 0x7f) << 7;
  }

  private int behind(int at) {
    return at + length(at) + (file.get(at) < 0 ? 2 : 1);
  }

  private Optional<NavigableMap<Long, String>> read(long text) {
    long offsets = names - 16L - (4L * count + 7 & ~7);
    if (offsets < 0) {
      return Optional.empty();
    }
    long base = file.getLong(names - 16);
    NavigableMap<Long, String> found = new TreeMap<>(Long::compareUnsigned);
    int at = names;
    for (int i = 0; i < count; i++) {
      long offset = Integer.toUnsignedLong(file.getInt((int) offsets + 4 * i));
      found.putIfAbsent((base == 0 ? text : base) + offset, name(at));
      at = behind(at);
    }
    return Optional.of(found);
  }

  /** The first character is the symbol's type. */
  private String name(int at) {
    StringBuilder name = new StringBuilder();
    for (int i = behind(at) - length(at); i < behind(at) && name.length() <= MAX_NAME; i++) {
      int character = token(file.get(i) & 0xff);
      while (character < tokenIndex && file.get(character) != 0) {
        name.append((char) (file.get(character++) & 0xff));
      }
    }
    return name.isEmpty() ? "" : name.substring(1);
  }
}
