package org.nvlink2vmm.it.differential;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.it.differential.Step.Fd;
import org.nvlink2vmm.it.raw.RawClient;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/** A connection to one of the two servers, with descriptors of its own. */
final class Side implements AutoCloseable {
  private static final int RAM_SIZE = 1 << 20;

  /** Long enough for a server that waits for bytes to have taken those that are there. */
  private static final long PIECE_MILLIS = 250;

  private final RawClient client;
  private final List<EventFd> events = List.of(EventFd.create(), EventFd.create());
  private final List<RamBlock> ram =
      List.of(RamBlock.ofShareable("ram", RAM_SIZE), RamBlock.ofShareable("other", RAM_SIZE));
  private Optional<RawClient.Reply> last = Optional.empty();

  Side(Path socket, Script script) {
    client =
        script.isAttached() ? RawClient.attach(socket, script.json()) : RawClient.connect(socket);
    for (int i = 0; i < RAM_SIZE; i += 8) {
      ram.get(0).segment().set(ValueLayout.JAVA_LONG, i, 0x0101_0101_0101_0101L * (i >> 12));
    }
  }

  Answer take(Step step) {
    return switch (step) {
      case Step.Ask ask -> {
        boolean sent = client.trySend(ask.message().array(), fds(ask.fds()));
        yield sent ? receive() : Answer.CLOSED;
      }
      case Step.Tell tell -> {
        client.trySend(tell.message().array(), fds(tell.fds()));
        yield Answer.NONE;
      }
      case Step.Split split -> split(split.message().array(), split.cut());
      case Step.Signals _ -> Answer.seen(signals());
      case Step.GuestMemory _ -> Answer.seen(digest());
      case Step.RegionFile file -> Answer.seen(look(file.offset(), file.length()));
    };
  }

  private Answer receive() {
    last.ifPresent(RawClient.Reply::closeDescriptors);
    last = client.receiveOrEnd();
    return Answer.of(last);
  }

  private Answer split(byte[] message, int cut) {
    client.trySend(Arrays.copyOf(message, cut));
    try {
      Thread.sleep(PIECE_MILLIS);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    boolean sent = client.trySend(Arrays.copyOfRange(message, cut, message.length));
    return sent ? receive() : Answer.CLOSED;
  }

  private OwnedFd[] fds(List<Fd> wanted) {
    return wanted.stream()
        .map(
            fd ->
                switch (fd) {
                  case EVENT0 -> events.get(0).fd();
                  case EVENT1 -> events.get(1).fd();
                  case RAM -> ram.get(0).fd().orElseThrow();
                  case OTHER_RAM -> ram.get(1).fd().orElseThrow();
                })
        .toArray(OwnedFd[]::new);
  }

  private byte[] signals() {
    ByteBuffer counts = ByteBuffer.allocate(8 * events.size()).order(ByteOrder.LITTLE_ENDIAN);
    events.forEach(event -> counts.putLong(event.take()));
    return counts.array();
  }

  private byte[] digest() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      ram.forEach(block -> digest.update(block.segment().asByteBuffer()));
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] look(long offset, int length) {
    OwnedFd file = last.orElseThrow().descriptors().getFirst();
    long page = offset & -4096;
    try (Mapping mapping = Mapping.shared(file, page, 2 * 4096, Mapping.Protection.READ_ONLY)) {
      return mapping.segment().asSlice(offset - page, length).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  @Override
  public void close() {
    last.ifPresent(RawClient.Reply::closeDescriptors);
    client.close();
    events.forEach(EventFd::close);
    ram.forEach(RamBlock::close);
  }
}
