package org.nvlink2vmm.vmm.vfiouser.client;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;

/** Any command: its reply is copied, descriptors included. */
record Call(int command, CompletableFuture<Reply> reply) implements Waiting {
  /** Who waits learns that the connection is lost. */
  private static final class LostException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  @Override
  public void complete(Message message) {
    MemorySegment payload =
        MemorySegment.ofArray(new byte[message.payload()])
            .copyFrom(message.bytes().asSlice(message.position(0), message.payload()));
    List<OwnedFd> descriptors = new ArrayList<>();
    while (message.descriptors().count() > 0) {
      descriptors.add(message.descriptors().take());
    }
    Reply whole = new Reply(message.errorNumber(), payload, List.copyOf(descriptors));
    if (!reply.complete(whole)) {
      whole.closeDescriptors();
    }
  }

  @Override
  public void abandon() {
    reply.completeExceptionally(new LostException());
  }
}
