package org.nvlink2vmm.vmm.vcpu.gdb;

import java.util.HexFormat;

/** Numbers and bytes in the protocol's hexadecimal digits. */
final class Hex {
  private static final HexFormat FORMAT = HexFormat.of();

  private Hex() {}

  /** The value of a digit; a number above all bytes for what is none. */
  static int digit(byte digit) {
    return HexFormat.isHexDigit(digit) ? HexFormat.fromHexDigit(digit) : 0x1000;
  }

  static String of(byte[] bytes) {
    return FORMAT.formatHex(bytes);
  }

  /**
   * @throws BadPacket when the text is not pairs of digits
   */
  static byte[] bytes(String text) throws BadPacket {
    try {
      return FORMAT.parseHex(text);
    } catch (IllegalArgumentException _) {
      throw new BadPacket();
    }
  }

  /**
   * A number of 1 to 16 digits.
   *
   * @throws BadPacket when it is none
   */
  static long number(String text) throws BadPacket {
    if (text.isEmpty()) {
      throw new BadPacket();
    }
    try {
      return HexFormat.fromHexDigitsToLong(text);
    } catch (IllegalArgumentException _) {
      throw new BadPacket();
    }
  }
}
