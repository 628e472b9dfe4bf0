package org.nvlink2vmm.it.differential;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.nvlink2vmm.it.raw.RawClient;

/**
 * A step and what either server answered.
 *
 * @param number of the step in its script, from 0
 */
record Exchange(Script script, int number, Step step, Answer ours, Answer library) {
  int command() {
    return step.command();
  }

  /** A field of the request's payload; 0 past its end. */
  int u32(int offset) {
    byte[] message = step.sent();
    int at = RawClient.HEADER + offset;
    return at + 4 > message.length ? 0 : fields(message).getInt(at);
  }

  /** A field of the request's payload; 0 past its end. */
  long u64(int offset) {
    byte[] message = step.sent();
    int at = RawClient.HEADER + offset;
    return at + 8 > message.length ? 0 : fields(message).getLong(at);
  }

  private static ByteBuffer fields(byte[] message) {
    return ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
  }

  int fds() {
    return step.fdCount();
  }

  @Override
  public String toString() {
    byte[] sent = step.sent();
    return "%s, step %d (%s, command %d)%n  sent    %s%n  ours    %s%n  library %s"
        .formatted(
            script.name(),
            number,
            step.getClass().getSimpleName(),
            command(),
            Answer.seen(sent),
            ours,
            library);
  }
}
