package org.nvlink2vmm.vmm.vcpu.isa;

/** The arithmetic of single instructions, as pure functions of register values (64 bits). */
public final class Arith {
  /** Masks of the word rotates, doubled into both halves where they wrap; by begin * 32 + end. */
  private static final long[] WORD_MASKS = new long[1024];

  static {
    for (int begin = 0; begin < 32; begin++) {
      for (int end = 0; end < 32; end++) {
        WORD_MASKS[begin * 32 + end] = mask(begin + 32, end + 32);
      }
    }
  }

  private Arith() {}

  /** Ones from bit {@code begin} to bit {@code end}, bit 0 the most significant; may wrap. */
  public static long mask(int begin, int end) {
    long from = -1L >>> begin;
    long to = -1L << (63 - end);
    return begin <= end ? from & to : from | to;
  }

  /** The mask of rlwinm and its kin. */
  public static long wordMask(int beginAndEnd) {
    return WORD_MASKS[beginAndEnd & 1023];
  }

  /** The low word, sign-extended. */
  public static long word(long value) {
    return (int) value;
  }

  /** The low word twice, rotated left. */
  public static long rotateWord(long value, int shift) {
    long word = value & 0xffffffffL;
    return Long.rotateLeft(word | word << 32, shift & 31);
  }

  public static long shiftLeftWord(long value, long shift) {
    return (shift & 32) != 0 ? 0 : value << (shift & 31) & 0xffffffffL;
  }

  public static long shiftRightWord(long value, long shift) {
    return (shift & 32) != 0 ? 0 : (value & 0xffffffffL) >>> (shift & 31);
  }

  public static long shiftLeft(long value, long shift) {
    return (shift & 64) != 0 ? 0 : value << (shift & 63);
  }

  public static long shiftRight(long value, long shift) {
    return (shift & 64) != 0 ? 0 : value >>> (shift & 63);
  }

  /** For each byte of the operands: ff where they are equal. */
  public static long compareBytes(long a, long b) {
    long result = 0;
    for (int at = 0; at < 64; at += 8) {
      if ((((a ^ b) >>> at) & 0xff) == 0) {
        result |= 0xffL << at;
      }
    }
    return result;
  }

  public static long countBytes(long value) {
    long result = 0;
    for (int at = 0; at < 64; at += 8) {
      result |= (long) Integer.bitCount((int) (value >>> at) & 0xff) << at;
    }
    return result;
  }

  public static long countWords(long value) {
    return (long) Integer.bitCount((int) (value >>> 32)) << 32 | Integer.bitCount((int) value);
  }

  /** The parity of the bytes' lowest bits, a word at a time. */
  public static long parityWords(long value) {
    long lowest = value & 0x0101010101010101L;
    long high = Integer.bitCount((int) (lowest >>> 32)) & 1;
    return high << 32 | (Integer.bitCount((int) lowest) & 1);
  }

  public static long parity(long value) {
    return Long.bitCount(value & 0x0101010101010101L) & 1;
  }

  /** Gathers eight bits of {@code source} that the bytes of {@code selector} name. */
  public static long permuteBits(long selector, long source) {
    long result = 0;
    for (int i = 0; i < 8; i++) {
      int index = (int) (selector >>> (8 * i)) & 0xff;
      if (index < 64) {
        result |= (source >>> (63 - index) & 1) << i;
      }
    }
    return result;
  }

  /** Whether the 32-bit carry of a + b + c is set. */
  public static boolean carryWord(long a, long b, int c) {
    return ((a & 0xffffffffL) + (b & 0xffffffffL) + c) >>> 32 != 0;
  }

  public static boolean carry(long a, long sum, int c) {
    return c == 0 ? Long.compareUnsigned(sum, a) < 0 : Long.compareUnsigned(sum, a) <= 0;
  }

  /** Whether {@code value} lies inside the byte range (low, high) given by two bytes of a word. */
  private static boolean within(int value, int low, int high) {
    return low <= value && value <= high;
  }

  /** cmprb: is the low byte of {@code value} in one of the ranges that {@code ranges} names. */
  public static boolean inByteRanges(long value, long ranges, boolean two) {
    int v = (int) value & 0xff;
    boolean first = within(v, (int) ranges & 0xff, (int) (ranges >>> 8) & 0xff);
    return first || (two && within(v, (int) (ranges >>> 16) & 0xff, (int) (ranges >>> 24) & 0xff));
  }

  /** cmpeqb: does any byte of {@code bytes} equal the low byte of {@code value}. */
  public static boolean containsByte(long value, long bytes) {
    return compareBytes((value & 0xff) * 0x0101010101010101L, bytes) != 0;
  }

  /** The high half of a * b + c, c sign-extended to 128 bits. */
  public static long multiplyAddHigh(long a, long b, long c) {
    long low = a * b;
    long sum = low + c;
    return Math.multiplyHigh(a, b) + (c >> 63) + (Long.compareUnsigned(sum, low) < 0 ? 1 : 0);
  }

  public static long multiplyAddHighUnsigned(long a, long b, long c) {
    long low = a * b;
    return Math.unsignedMultiplyHigh(a, b) + (Long.compareUnsigned(low + c, low) < 0 ? 1 : 0);
  }

  /** (high * 2^64) / divisor, unsigned, for high &lt; divisor: schoolbook, a bit at a time. */
  public static long divideExtendedUnsigned(long high, long divisor) {
    long remainder = high;
    long quotient = 0;
    for (int i = 0; i < 64; i++) {
      boolean carries = remainder < 0;
      remainder <<= 1;
      quotient <<= 1;
      if (carries || Long.compareUnsigned(remainder, divisor) >= 0) {
        remainder -= divisor;
        quotient |= 1;
      }
    }
    return quotient;
  }
}
