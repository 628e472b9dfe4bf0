package org.nvlink2vmm.npu2.xts;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The XTS's BDF_MAP: which GPU belongs to which partition. Sixteen 64-bit registers at 0x714000 of
 * the NPU's register space; the words are the state (skiboot include/npu2-regs.h,
 * NPU2_XTS_BDF_MAP).
 */
final class BdfMap {
  static final int SIZE = 16;

  private static final long VALID = 1L << 63;
  private static final long UNFILTERED = 1L << 62;
  private static final int STACK_SHIFT = 57;
  private static final int BRICK_SHIFT = 56;
  private static final int BDF_SHIFT = 32;
  private static final long XLAT_RADIX = 0x3L << 23;
  private static final int LPARSHORT_SHIFT = 12;
  private static final int NONE = -1;

  private final AtomicLongArray words = new AtomicLongArray(SIZE);

  long word(int index) {
    return words.get(index);
  }

  void store(int index, long word) {
    words.set(index, word);
  }

  /** The entry of a GPU, valid or not; -1 for none. */
  int find(int bdfn) {
    for (int i = 0; i < SIZE; i++) {
      long word = words.get(i);
      if (word != 0 && bdfn(word) == bdfn) {
        return i;
      }
    }
    return NONE;
  }

  /** The first entry that is all zeros; -1 for none. */
  int free() {
    for (int i = 0; i < SIZE; i++) {
      if (words.get(i) == 0) {
        return i;
      }
    }
    return NONE;
  }

  void validate(int index) {
    words.set(index, words.get(index) | VALID);
  }

  /** An entry that is not valid yet: unfiltered, radix, its own index as LPARSHORT. */
  static long entry(int index, int bdfn, int lpid, int linkIndex) {
    return UNFILTERED
        | 4L >>> (linkIndex / 2) << STACK_SHIFT
        | (long) (linkIndex % 2) << BRICK_SHIFT
        | (long) bdfn << BDF_SHIFT
        | XLAT_RADIX
        | (long) index << LPARSHORT_SHIFT
        | lpid;
  }

  static boolean isValid(long word) {
    return word < 0;
  }

  static int bdfn(long word) {
    return (int) (word >>> BDF_SHIFT) & 0xffff;
  }

  static int lparShort(long word) {
    return (int) (word >>> LPARSHORT_SHIFT) & 0xf;
  }

  static int lpid(long word) {
    return (int) word & 0xfff;
  }

  static boolean isRadix(long word) {
    return (word & XLAT_RADIX) == XLAT_RADIX;
  }

  /** Index of the link that the entry names by stack and brick; -1 when no stack bit is set. */
  static int link(long word) {
    int oneHot = (int) (word >>> STACK_SHIFT) & 7;
    int brick = (int) (word >>> BRICK_SHIFT) & 1;
    return switch (oneHot) {
      case 4 -> brick;
      case 2 -> 2 + brick;
      case 1 -> 4 + brick;
      default -> NONE;
    };
  }
}
