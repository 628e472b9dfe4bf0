package org.nvlink2vmm.vmm.vfiouser.client;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaAccess;

/** Answers a server that reads or writes guest memory by message. On the connection's loop. */
final class DmaAnswers {
  private static final int MOST_DATA = 1 << 20;

  private volatile DmaSpace memory = DmaSpace.NONE;

  void attach(DmaSpace space) {
    memory = space;
  }

  /** The reply; none when the server wants none. */
  Optional<OutboundMessage> answer(Message request) {
    OutboundMessage reply = new OutboundMessage(Header.BYTES + DmaAccess.BYTES);
    int result = carryOut(request, reply);
    if (!request.wantsReply()) {
      return Optional.empty();
    }
    int flags = result < 0 ? Header.TYPE_REPLY | Header.ERROR : Header.TYPE_REPLY;
    return Optional.of(
        reply.seal(
            request.id(), request.command(), flags, Math.max(0, -result), Math.max(0, result)));
  }

  private int carryOut(Message request, OutboundMessage reply) {
    boolean reads = request.command() == Command.DMA_READ;
    if ((!reads && request.command() != Command.DMA_WRITE) || request.payload() < DmaAccess.BYTES) {
      return -Errno.EINVAL.number();
    }
    long iova = request.u64(DmaAccess.IOVA);
    long count = request.u64(DmaAccess.COUNT);
    if (count < 0 || count > MOST_DATA) {
      return -Errno.E2BIG.number();
    }
    if (!reads && request.payload() - DmaAccess.BYTES != count) {
      return -Errno.EINVAL.number();
    }
    int size = (int) count;
    reply.clear(Header.BYTES + DmaAccess.BYTES + (reads ? size : 0));
    reply.u64(DmaAccess.IOVA, iova);
    reply.u64(DmaAccess.COUNT, count);
    MemorySegment data =
        reads
            ? reply.bytes().asSlice(Header.BYTES + DmaAccess.BYTES, size)
            : request.bytes().asSlice(request.position(DmaAccess.BYTES), size);
    boolean moved = reads ? memory.read(iova, data) : memory.write(iova, data);
    if (!moved) {
      return -Errno.ENODEV.number();
    }
    return DmaAccess.BYTES + (reads ? size : 0);
  }
}
