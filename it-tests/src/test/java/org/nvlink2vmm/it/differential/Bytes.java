package org.nvlink2vmm.it.differential;

import java.util.Arrays;

/** Bytes that nobody changes. */
final class Bytes {
  private final byte[] array;

  Bytes(byte... array) {
    this.array = array;
  }

  byte[] array() {
    return array;
  }

  int length() {
    return array.length;
  }

  boolean isSameAs(Bytes other) {
    return Arrays.equals(array, other.array);
  }
}
