package org.nvlink2vmm.it.differential;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.nvlink2vmm.it.raw.RawClient;

/**
 * What one server did: a reply, what was looked at, or the end of the connection.
 *
 * @param bytes the whole reply, header included
 * @param descriptors that came with it
 * @param reply whether it is a reply
 * @param closed whether the connection ended in its place
 */
record Answer(Bytes bytes, int descriptors, boolean reply, boolean closed) {
  static final Answer CLOSED = new Answer(new Bytes(), 0, false, true);
  static final Answer NONE = new Answer(new Bytes(), 0, false, false);
  private static final int SHOWN = 160;

  static Answer of(Optional<RawClient.Reply> reply) {
    return reply
        .map(r -> new Answer(new Bytes(r.message()), r.descriptors().size(), true, false))
        .orElse(CLOSED);
  }

  static Answer seen(byte[] bytes) {
    return new Answer(new Bytes(bytes), 0, false, false);
  }

  boolean isSameAs(Answer other) {
    return closed == other.closed
        && descriptors == other.descriptors
        && bytes.isSameAs(other.bytes);
  }

  private ByteBuffer fields() {
    return ByteBuffer.wrap(bytes.array()).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** In a few words, as the table of differences has it. */
  String form() {
    if (closed) {
      return "closed";
    }
    if (!reply) {
      return "seen";
    }
    boolean error = (fields().getInt(8) & 0x20) != 0;
    int payload = bytes.length() - RawClient.HEADER;
    String rest = error && payload > 0 ? ", " + payload + " bytes" : "";
    String fds = descriptors > 0 ? ", " + descriptors + " descriptors" : "";
    return (error ? "errno " + fields().getInt(12) : "ok") + rest + fds;
  }

  /** A field of the reply's payload. */
  int u32(int offset) {
    return fields().getInt(RawClient.HEADER + offset);
  }

  byte[] payload() {
    return Arrays.copyOfRange(bytes.array(), RawClient.HEADER, bytes.length());
  }

  @Override
  public String toString() {
    String hex =
        HexFormat.of().formatHex(Arrays.copyOf(bytes.array(), Math.min(SHOWN, bytes.length())));
    return form() + " [" + bytes.length() + " bytes] " + hex;
  }
}
