package org.nvlink2vmm.vmm.vfiouser.client;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;

/** Commands that are not on a hot path: put together, sent, their replies looked at. */
final class Requests {
  private final Path path;
  private final Connection connection;

  Requests(Path path, Connection connection) {
    this.path = path;
    this.connection = connection;
  }

  Connection connection() {
    return connection;
  }

  /**
   * Sends a command and gives the payload of its reply.
   *
   * @param least bytes that the reply must have
   * @throws VfioException the errno with which the server refuses; EPROTO for a reply that is too
   *     short; EIO and ETIMEDOUT
   */
  MemorySegment ask(int command, OutboundMessage request, int payload, int least) {
    Reply reply = connection.call(command, request, payload);
    reply.closeDescriptors();
    if (reply.errno() != 0) {
      throw new VfioException(
          Errno.of(reply.errno()),
          path + ": " + Command.name(command) + " is refused with errno " + reply.errno());
    }
    if (reply.payload().byteSize() < least) {
      throw malformed(
          Command.name(command)
              + " is answered with "
              + reply.payload().byteSize()
              + " bytes, expected "
              + least);
    }
    return reply.payload();
  }

  VfioException malformed(String what) {
    return new VfioException(Errno.EPROTO, path + ": " + what);
  }

  /** A count that a server claims, if it is one that is taken. */
  int atMost(String what, int count, int most) {
    if (Integer.compareUnsigned(count, most) > 0) {
      throw malformed(Integer.toUnsignedString(count) + " " + what + ", at most " + most);
    }
    return count;
  }

  /** A message with room for a payload that begins with words. */
  static OutboundMessage words(int room, int... values) {
    OutboundMessage request = new OutboundMessage(Header.BYTES + room);
    for (int i = 0; i < values.length; i++) {
      request.u32(4 * i, values[i]);
    }
    return request;
  }
}
