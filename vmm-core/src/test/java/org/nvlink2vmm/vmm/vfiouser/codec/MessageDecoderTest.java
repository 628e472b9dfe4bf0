package org.nvlink2vmm.vmm.vfiouser.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

class MessageDecoderTest {
  private static final int LIMIT = 4096;

  private final int openBefore = OwnedFd.live();
  private final List<Seen> seen = new ArrayList<>();
  private final EmbeddedChannel channel =
      new EmbeddedChannel(new MessageDecoder(LIMIT, 4), new Recorder());

  /** What a handler saw of a message. */
  private record Seen(int id, int payload, int firstByte, boolean sound, int descriptors) {}

  private final class Recorder extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object event) {
      Message message = (Message) event;
      int first = message.isSound() && message.payload() > 0 ? message.u8(0) : -1;
      seen.add(
          new Seen(
              message.id(),
              message.payload(),
              first,
              message.isSound(),
              message.descriptors().count()));
    }
  }

  @AfterEach
  void noDescriptorIsLeft() {
    var _ = channel.close();
    assertThat(OwnedFd.live()).isEqualTo(openBefore);
  }

  private static byte[] message(int id, int payload) {
    ByteBuffer bytes = ByteBuffer.allocate(16 + payload).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putShort((short) id).putShort((short) 9).putInt(16 + payload).putInt(0).putInt(0);
    while (bytes.hasRemaining()) {
      bytes.put((byte) id);
    }
    return bytes.array();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private void receive(byte[] bytes, int descriptors) {
    Chunk chunk = new Chunk(MemorySegment.ofArray(bytes));
    chunk.length(bytes.length);
    for (int i = 0; i < descriptors; i++) {
      chunk.descriptors().add(EventFd.create().fd());
    }
    channel.writeInbound(chunk);
    chunk.descriptors().close();
  }

  private static Seen plain(int id, int payload) {
    return new Seen(id, payload, payload == 0 ? -1 : id, true, 0);
  }

  @Test
  void aMessageCutAtEveryByteIsOneMessage() {
    byte[] bytes = message(7, 20);
    for (int cut = 0; cut <= bytes.length; cut++) {
      receive(java.util.Arrays.copyOf(bytes, cut), 0);
      receive(java.util.Arrays.copyOfRange(bytes, cut, bytes.length), 0);
    }

    assertThat(seen).hasSize(bytes.length + 1).containsOnly(plain(7, 20));
  }

  @Test
  void messagesJoinedInOneChunkAreSeenInOrder() {
    receive(join(message(1, 0), message(2, 5), message(3, 100)), 0);

    assertThat(seen).containsExactly(plain(1, 0), plain(2, 5), plain(3, 100));
  }

  @Test
  void anyCutsOfAnyMessagesGiveTheSameMessages() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<Seen> sent = new ArrayList<>();
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    for (int id = 0; id < 200; id++) {
      int payload = random.nextInt(random.nextBoolean() ? 8 : LIMIT - 16);
      stream.writeBytes(message(id & 0x7f, payload));
      sent.add(plain(id & 0x7f, payload));
    }
    byte[] all = stream.toByteArray();
    for (int at = 0; at < all.length; ) {
      int end = Math.min(all.length, at + 1 + random.nextInt(random.nextBoolean() ? 20 : 9000));
      receive(java.util.Arrays.copyOfRange(all, at, end), 0);
      at = end;
    }

    assertThat(seen).as("seed %d", seed).isEqualTo(sent);
  }

  @Test
  void descriptorsGoToTheLastMessageThatBeginsInTheirChunk() {
    receive(join(message(1, 16), message(2, 32)), 1);
    receive(message(3, 16), 0);

    assertThat(seen).extracting(Seen::descriptors).containsExactly(0, 1, 0);
  }

  @Test
  void descriptorsOfALongMessageWaitForItsEnd() {
    byte[] longer = message(2, 2000);
    receive(join(message(1, 16), java.util.Arrays.copyOf(longer, 100)), 2);
    assertThat(seen).extracting(Seen::descriptors).containsExactly(0);

    receive(join(java.util.Arrays.copyOfRange(longer, 100, longer.length), message(3, 0)), 0);

    assertThat(seen).extracting(Seen::descriptors).containsExactly(0, 2, 0);
  }

  @Test
  void theSequenceThatTheKernelMakesOfThreeWrites() {
    receive(join(message(1, 0), message(2, 32)), 2);
    receive(message(3, 3), 0);

    assertThat(seen).extracting(Seen::descriptors).containsExactly(0, 2, 0);
  }

  @Test
  void moreDescriptorsThanMayWaitEndTheConnection() {
    receive(java.util.Arrays.copyOf(message(1, 100), 20), 3);
    receive(new byte[10], 2);

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void aSizeThatCannotBeIsAHeaderAlone() {
    for (int size : new int[] {0, 15, LIMIT + 1, -1}) {
      seen.clear();
      byte[] wrong = message(9, 0);
      ByteBuffer.wrap(wrong).order(ByteOrder.LITTLE_ENDIAN).putInt(4, size);
      receive(join(wrong, message(4, 4)), 0);

      assertThat(seen).containsExactly(new Seen(9, 0, -1, false, 0), plain(4, 4));
    }
  }

  @Test
  void theLargestMessageIsTaken() {
    receive(message(1, LIMIT - 16), 0);

    assertThat(seen).containsExactly(plain(1, LIMIT - 16));
  }

  @Test
  void nothingIsHandedOnWhileThePeerTakesNoReplies() {
    channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
    receive(join(message(1, 0), message(2, 0)), 0);
    receive(message(3, 10), 1);

    assertThat(seen).isEmpty();
    assertThat(channel.config().isAutoRead()).isFalse();

    channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
    channel.runPendingTasks();

    assertThat(seen).extracting(Seen::id).containsExactly(1, 2, 3);
    assertThat(seen.getLast().descriptors()).isEqualTo(1);
    assertThat(channel.config().isAutoRead()).isTrue();
  }
}
