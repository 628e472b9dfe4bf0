package org.nvlink2vmm.vmm.vfiouser.client;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.MessageDecoder;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.socket.UnixSocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket to a server: sends commands, from any thread, and gives each its reply by number.
 * Without a reply in time the connection is given up, since the stream cannot be trusted any more.
 */
final class Connection extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
  private static final int IDS = 1 << 16;
  private static final int MOST_DESCRIPTORS = 16;

  /** The largest reply: data of 1 MiB and what stands before them. */
  private static final int MOST_BYTES = (1 << 20) + 64;

  private final Path path;
  private final Duration timeout;
  private final DmaAnswers dma;
  private final UnixSocketChannel channel;
  private final AtomicInteger nextId = new AtomicInteger();
  private final Map<Integer, Waiting> waiting = new ConcurrentHashMap<>();
  private volatile boolean lost;

  /** A command that was sent. */
  private record Waiting(int command, CompletableFuture<Reply> reply) {}

  Connection(Path path, Duration timeout, EventLoopGroup loop, DmaAnswers dma) {
    this.path = path;
    this.timeout = timeout;
    this.dma = dma;
    this.channel = new UnixSocketChannel(Libc.connect(path), path.toString(), MOST_DESCRIPTORS);
    channel.pipeline().addLast(new MessageDecoder(MOST_BYTES, MOST_DESCRIPTORS), this);
    loop.register(channel).syncUninterruptibly();
  }

  /**
   * Sends a command and waits for its reply.
   *
   * @param request with its payload written
   * @param payload bytes of it
   * @throws VfioException EIO when the connection is lost; ETIMEDOUT
   */
  Reply call(int command, OutboundMessage request, int payload) {
    CompletableFuture<Reply> reply = new CompletableFuture<>();
    int id = register(new Waiting(command, reply));
    request.seal(id, command, Header.TYPE_COMMAND, 0, payload);
    var _ = channel.writeAndFlush(request, channel.voidPromise());
    if (lost) {
      abandonAll();
    }
    try {
      return reply.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      fail("no reply to " + Command.name(command) + " within " + timeout.toMillis() + " ms");
      throw new VfioException(Errno.ETIMEDOUT, path + ": no reply to " + Command.name(command), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VfioException(Errno.EIO, path + ": interrupted", e);
    } catch (ExecutionException e) {
      throw new VfioException(Errno.EIO, path + ": the connection is lost", e);
    }
  }

  private int register(Waiting command) {
    if (lost) {
      throw new VfioException(Errno.EIO, path + ": the connection is lost");
    }
    for (int i = 0; i < IDS; i++) {
      int id = nextId.getAndIncrement() & (IDS - 1);
      if (waiting.putIfAbsent(id, command) == null) {
        return id;
      }
    }
    throw new VfioException(Errno.EBUSY, path + ": too many commands wait for replies");
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object event) {
    Message message = (Message) event;
    if (!message.isSound()) {
      fail("a message of a size that none can have");
    } else if (message.isCommand()) {
      dma.answer(message).ifPresent(reply -> channel.unsafe().write(reply, channel.voidPromise()));
      channel.unsafe().flush();
    } else {
      complete(message);
    }
  }

  private void complete(Message message) {
    Waiting command = waiting.remove(message.id());
    if (command == null || command.command != message.command()) {
      fail("a reply that nobody waits for: " + message);
      return;
    }
    MemorySegment payload =
        MemorySegment.ofArray(new byte[message.payload()])
            .copyFrom(message.bytes().asSlice(message.position(0), message.payload()));
    List<OwnedFd> descriptors = new ArrayList<>();
    while (message.descriptors().count() > 0) {
      descriptors.add(message.descriptors().take());
    }
    Reply reply = new Reply(message.errorNumber(), payload, List.copyOf(descriptors));
    if (!command.reply.complete(reply)) {
      reply.closeDescriptors();
    }
  }

  private void fail(String why) {
    if (!lost) {
      LOG.warn("{}: giving the server up: {}", path, why);
    }
    close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    lost = true;
    abandonAll();
  }

  private void abandonAll() {
    for (Integer id : List.copyOf(waiting.keySet())) {
      Optional.ofNullable(waiting.remove(id))
          .ifPresent(command -> command.reply.completeExceptionally(new LostException()));
    }
  }

  private static final class LostException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(String.valueOf(cause.getMessage()));
  }

  void close() {
    lost = true;
    var _ = channel.close();
    abandonAll();
  }
}
