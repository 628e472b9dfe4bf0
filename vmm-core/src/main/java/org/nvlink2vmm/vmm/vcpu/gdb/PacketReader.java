package org.nvlink2vmm.vmm.vcpu.gdb;

import java.util.Arrays;

/**
 * Takes the bytes of a debugger apart: packets ({@code $body#checksum}), acknowledgements and the
 * interrupt request. Holds one packet of bounded size, whatever comes.
 */
final class PacketReader {
  /** Bytes of a body, escapes resolved; told to the debugger as PacketSize. */
  static final int MAX_BODY = 0x4000;

  /** What a byte completed. */
  enum Found {
    NOTHING,
    /** See {@link #body}. */
    PACKET,
    /** A packet with a wrong checksum, or longer than allowed. */
    BROKEN,
    ACKNOWLEDGED,
    REFUSED,
    INTERRUPT
  }

  private enum State {
    BETWEEN,
    BODY,
    ESCAPED,
    FIRST_DIGIT,
    SECOND_DIGIT
  }

  private final byte[] buffer = new byte[MAX_BODY];
  private boolean checked = true;
  private State state = State.BETWEEN;
  private int length;
  private int sum;
  private int expected;
  private boolean whole;

  /** Whether checksums count; they do not once acknowledgements are off. */
  void checkSums(boolean check) {
    checked = check;
  }

  /** The body of the packet that was last completed. */
  byte[] body() {
    return Arrays.copyOf(buffer, length);
  }

  Found take(byte next) {
    return switch (state) {
      case BETWEEN -> between(next);
      case BODY, ESCAPED -> inBody(next);
      case FIRST_DIGIT -> {
        expected = Hex.digit(next) << 4;
        state = State.SECOND_DIGIT;
        yield Found.NOTHING;
      }
      case SECOND_DIGIT -> {
        state = State.BETWEEN;
        boolean right = !checked || (expected | Hex.digit(next)) == sum;
        yield right && whole ? Found.PACKET : Found.BROKEN;
      }
    };
  }

  private Found between(byte next) {
    switch (next) {
      case '$' -> begin();
      case '+' -> {
        return Found.ACKNOWLEDGED;
      }
      case '-' -> {
        return Found.REFUSED;
      }
      case 3 -> {
        return Found.INTERRUPT;
      }
      default -> {}
    }
    return Found.NOTHING;
  }

  private void begin() {
    state = State.BODY;
    length = 0;
    sum = 0;
    whole = true;
  }

  private Found inBody(byte next) {
    if (next == '#') {
      whole &= state == State.BODY;
      state = State.FIRST_DIGIT;
      return Found.NOTHING;
    }
    if (next == '$') {
      // Never inside of a body: the end of the packet before was lost.
      begin();
      return Found.NOTHING;
    }
    sum = sum + next & 0xff;
    if (state == State.BODY && next == '}') {
      state = State.ESCAPED;
      return Found.NOTHING;
    }
    byte plain = state == State.ESCAPED ? (byte) (next ^ 0x20) : next;
    state = State.BODY;
    if (length < MAX_BODY) {
      buffer[length++] = plain;
    } else {
      whole = false;
    }
    return Found.NOTHING;
  }
}
