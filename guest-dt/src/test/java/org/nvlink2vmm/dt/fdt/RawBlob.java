package org.nvlink2vmm.dt.fdt;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Puts a blob together token by token, also one that no writer would write. */
final class RawBlob {
  static final int STRUCT_OFFSET = 56;

  private final ByteArrayOutputStream structure = new ByteArrayOutputStream();
  private final ByteArrayOutputStream strings = new ByteArrayOutputStream();
  private final Map<Integer, Integer> headerWords = new HashMap<>();

  RawBlob begin(String name) {
    return word(1).text(name);
  }

  RawBlob end() {
    return word(2);
  }

  /** A property whose name is appended to the strings block. */
  RawBlob property(String name, int... cells) {
    word(3).word(4 * cells.length).word(strings.size());
    strings.writeBytes(name.getBytes(StandardCharsets.ISO_8859_1));
    strings.write(0);
    for (int cell : cells) {
      word(cell);
    }
    return this;
  }

  RawBlob word(int word) {
    structure.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.BIG_ENDIAN).putInt(word).array());
    return this;
  }

  /** Characters, NUL, padding. */
  RawBlob text(String text) {
    structure.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    do {
      structure.write(0);
    } while (structure.size() % 4 != 0);
    return this;
  }

  /** Bytes without NUL or padding. */
  RawBlob bytes(String text) {
    structure.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  /** Appends to the strings block, without NUL. */
  RawBlob strings(String text) {
    strings.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  /** Overrides the header word at a byte offset. */
  RawBlob header(int offset, int word) {
    headerWords.put(offset, word);
    return this;
  }

  byte[] build() {
    int stringsOffset = STRUCT_OFFSET + structure.size();
    int size = stringsOffset + strings.size();
    ByteBuffer blob = ByteBuffer.allocate(size).order(ByteOrder.BIG_ENDIAN);
    int[] words = {
      0xd00dfeed,
      size,
      STRUCT_OFFSET,
      stringsOffset,
      40,
      17,
      16,
      0,
      strings.size(),
      structure.size()
    };
    for (int word : words) {
      blob.putInt(word);
    }
    blob.position(STRUCT_OFFSET);
    blob.put(structure.toByteArray()).put(strings.toByteArray());
    headerWords.forEach(blob::putInt);
    return blob.array();
  }
}
