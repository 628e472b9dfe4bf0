package org.nvlink2vmm.vmm.vfiouser.server;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalLong;
import org.nvlink2vmm.vmm.vfiouser.codec.Capabilities;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.Version;
import org.nvlink2vmm.vmm.vfiouser.codec.ProtocolException;

/**
 * VERSION, the first message. The answer has the client's minor where it is not newer than ours
 * (QEMU refuses any other), and is short: QEMU takes no more bytes than it sent, 214.
 */
final class Negotiation {
  private static final long PAGE_SIZE = 4096;

  private final boolean migratable;
  private Capabilities client = Capabilities.DEFAULT;

  Negotiation(boolean migratable) {
    this.migratable = migratable;
  }

  /** What the client said of itself. */
  Capabilities client() {
    return client;
  }

  /**
   * @return bytes of the answer's payload
   * @throws ProtocolException saying what is wrong with the client's version
   */
  int answer(Message request, OutboundMessage reply) throws ProtocolException {
    if (request.payload() < Version.JSON) {
      throw new ProtocolException(
          "Version data of " + request.payload() + " bytes, expected " + Version.JSON);
    }
    int major = request.u16(Version.MAJOR);
    if (major != Limits.MAJOR) {
      throw new ProtocolException("Protocol " + major + ", expected " + Limits.MAJOR);
    }
    client = Capabilities.parse(json(request));
    byte[] own =
        new Capabilities(
                Limits.DESCRIPTORS,
                Limits.DATA,
                Limits.DMA_MAPS,
                PAGE_SIZE,
                migratable ? OptionalLong.of(PAGE_SIZE) : OptionalLong.empty(),
                client.writeMultiple())
            .toJson();
    int payload = Version.JSON + own.length + 1;
    reply.clear(Header.BYTES + payload);
    reply.u16(Version.MAJOR, Limits.MAJOR);
    reply.u16(Version.MINOR, Math.min(Limits.MINOR, request.u16(Version.MINOR)));
    MemorySegment.copy(
        MemorySegment.ofArray(own), 0, reply.bytes(), Header.BYTES + Version.JSON, own.length);
    reply.bytes().set(ValueLayout.JAVA_BYTE, Header.BYTES + payload - 1L, (byte) 0);
    return payload;
  }

  private static byte[] json(Message request) throws ProtocolException {
    int length = request.payload() - Version.JSON;
    if (length == 0) {
      return new byte[0];
    }
    if (request.u8(request.payload() - 1) != 0) {
      throw new ProtocolException("The version data do not end with a zero byte");
    }
    return request
        .bytes()
        .asSlice(request.position(Version.JSON), length - 1L)
        .toArray(ValueLayout.JAVA_BYTE);
  }
}
