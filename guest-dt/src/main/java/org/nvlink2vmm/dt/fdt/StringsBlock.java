package org.nvlink2vmm.dt.fdt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The names of properties, each stored once. As in dtc's and libfdt's blocks a name that is the end
 * of an earlier one is found there, at the lowest place; those search the block byte by byte, this
 * one keeps a table of the ends. Ends longer than {@link #LONGEST_SHARED} are not shared, so that
 * the work stays linear for names of any length.
 */
final class StringsBlock {
  /** The specification allows names of 31 characters; QEMU and firmware write up to twice that. */
  private static final int LONGEST_SHARED = 128;

  private final Map<String, Integer> offsets = new HashMap<>();
  private byte[] bytes = new byte[512];
  private int length;

  /** Open addressing: offset + 1 of an end, 0 where free; the hashes are of the whole ends. */
  private int[] ends = new int[1024];

  private int[] hashes = new int[1024];
  private int endCount;

  /** Unknown to whoever chose the names, who could otherwise make all of them collide. */
  private final int multiplier = ThreadLocalRandom.current().nextInt() | 1;

  /** Where {@code name} stands, appended when it is not there yet; -1 when it cannot be written. */
  int offsetOf(String name) {
    Integer known = offsets.get(name);
    if (known != null) {
      return known;
    }
    if (!isWritable(name)) {
      return -1;
    }
    int offset = name.length() > LONGEST_SHARED ? -1 : find(name);
    if (offset < 0) {
      offset = append(name);
    }
    offsets.put(name, offset);
    return offset;
  }

  int length() {
    return length;
  }

  void copyTo(MemorySegment target, long at) {
    MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, at, length);
  }

  /** Names are bytes in a blob; here they are held as the characters U+0001 to U+00FF. */
  static boolean isWritable(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == 0 || c > 0xff) {
        return false;
      }
    }
    return true;
  }

  private int append(String name) {
    int offset = length;
    int size = name.length() + 1;
    if (size > bytes.length - length) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + size));
    }
    for (int i = 0; i < name.length(); i++) {
      bytes[length++] = (byte) name.charAt(i);
    }
    bytes[length++] = 0;
    addEnds(offset);
    return offset;
  }

  private void addEnds(int offset) {
    int hash = 0;
    int first = Math.max(offset, length - 1 - LONGEST_SHARED);
    for (int start = length - 1; start >= first; start--) {
      if (start < length - 1) {
        hash = next(hash, bytes[start]);
      }
      int slot = slotOf(hash);
      while (ends[slot] != 0 && !(hashes[slot] == hash && sameString(ends[slot] - 1, start))) {
        slot = (slot + 1) & (ends.length - 1);
      }
      if (ends[slot] == 0) {
        ends[slot] = start + 1;
        hashes[slot] = hash;
        endCount++;
        if (endCount > ends.length / 2) {
          grow();
        }
      }
    }
  }

  private int find(String name) {
    int hash = 0;
    for (int i = name.length() - 1; i >= 0; i--) {
      hash = next(hash, (byte) name.charAt(i));
    }
    for (int slot = slotOf(hash); ends[slot] != 0; slot = (slot + 1) & (ends.length - 1)) {
      if (hashes[slot] == hash && holds(ends[slot] - 1, name)) {
        return ends[slot] - 1;
      }
    }
    return -1;
  }

  private void grow() {
    int[] oldEnds = ends;
    int[] oldHashes = hashes;
    ends = new int[2 * oldEnds.length];
    hashes = new int[2 * oldEnds.length];
    for (int i = 0; i < oldEnds.length; i++) {
      if (oldEnds[i] != 0) {
        int slot = slotOf(oldHashes[i]);
        while (ends[slot] != 0) {
          slot = (slot + 1) & (ends.length - 1);
        }
        ends[slot] = oldEnds[i];
        hashes[slot] = oldHashes[i];
      }
    }
  }

  private int slotOf(int hash) {
    return ((hash * 0x9e3779b1) >>> 7) & (ends.length - 1);
  }

  private int next(int hash, byte b) {
    return multiplier * hash + b;
  }

  private boolean sameString(int a, int b) {
    int i = 0;
    while (bytes[a + i] == bytes[b + i]) {
      if (bytes[a + i] == 0) {
        return true;
      }
      i++;
    }
    return false;
  }

  private boolean holds(int offset, String name) {
    for (int i = 0; i < name.length(); i++) {
      if (bytes[offset + i] != (byte) name.charAt(i)) {
        return false;
      }
    }
    return bytes[offset + name.length()] == 0;
  }
}
