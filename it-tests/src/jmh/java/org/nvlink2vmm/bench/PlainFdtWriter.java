package org.nvlink2vmm.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The least that writes a blob: tokens into a growing array, names once through a map. */
final class PlainFdtWriter {
  private static final VarHandle BE32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final int STRUCT_OFFSET = 56;

  private final Map<String, Integer> names = new HashMap<>();
  private byte[] structure = new byte[4096];
  private int at;
  private byte[] strings = new byte[512];
  private int stringsAt;

  void begin(String name) {
    word(1);
    text(name);
  }

  void end() {
    word(2);
  }

  void u32(String name, int value) {
    head(name, 4);
    word(value);
  }

  void u64Pair(String name, long first, long second) {
    head(name, 16);
    word((int) (first >>> 32));
    word((int) first);
    word((int) (second >>> 32));
    word((int) second);
  }

  void string(String name, String value) {
    head(name, value.length() + 1);
    text(value);
  }

  byte[] finish() {
    word(9);
    byte[] blob = new byte[STRUCT_OFFSET + at + stringsAt];
    int[] header = {
      0xd00dfeed, blob.length, STRUCT_OFFSET, STRUCT_OFFSET + at, 40, 17, 16, 0, stringsAt, at
    };
    for (int i = 0; i < header.length; i++) {
      BE32.set(blob, 4 * i, header[i]);
    }
    System.arraycopy(structure, 0, blob, STRUCT_OFFSET, at);
    System.arraycopy(strings, 0, blob, STRUCT_OFFSET + at, stringsAt);
    return blob;
  }

  private void head(String name, int length) {
    word(3);
    word(length);
    word(nameOffset(name));
  }

  private int nameOffset(String name) {
    Integer known = names.get(name);
    if (known != null) {
      return known;
    }
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    if (stringsAt + bytes.length + 1 > strings.length) {
      strings = Arrays.copyOf(strings, 2 * strings.length + bytes.length);
    }
    System.arraycopy(bytes, 0, strings, stringsAt, bytes.length);
    int offset = stringsAt;
    stringsAt += bytes.length + 1;
    names.put(name, offset);
    return offset;
  }

  private void word(int value) {
    reserve(4);
    BE32.set(structure, at, value);
    at += 4;
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    int padded = (bytes.length + 4) & ~3;
    reserve(padded);
    System.arraycopy(bytes, 0, structure, at, bytes.length);
    at += padded;
  }

  private void reserve(int size) {
    if (at + size > structure.length) {
      structure = Arrays.copyOf(structure, Math.max(2 * structure.length, at + size));
    }
  }
}
