package org.nvlink2vmm.vmm.vfiouser.client;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;
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

  /** Commands that may wait for replies at the same time. */
  private static final int IDS = 1 << 12;

  private static final int MOST_DESCRIPTORS = 16;

  /** The largest reply: data of 1 MiB and what stands before them. */
  private static final int MOST_BYTES = (1 << 20) + 64;

  private final Path path;
  private final Duration timeout;
  private final DmaAnswers dma;
  private final UnixSocketChannel channel;
  private final AtomicInteger nextId = new AtomicInteger();

  /** By the number of the message. */
  private final AtomicReferenceArray<Waiting> waiting = new AtomicReferenceArray<>(IDS);

  /** Accesses to be sent, the last one first; the loop takes all at once. */
  private final AtomicReference<Access> outgoing = new AtomicReference<>();

  private final Runnable drain = this::drain;
  private volatile boolean lost;

  Connection(Path path, Duration timeout, EventLoopGroup loop, DmaAnswers dma) {
    this.path = path;
    this.timeout = timeout;
    this.dma = dma;
    this.channel =
        new UnixSocketChannel(UnixSocket.connect(path), path.toString(), MOST_DESCRIPTORS);
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
    int id = register(new Call(command, reply));
    if (id < 0) {
      throw new VfioException(Errno.of(-id), path + ": the connection is lost or overloaded");
    }
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

  /**
   * Carries an access out, without making an object.
   *
   * @return an errno, 0 for success
   */
  int carryOut(Access access) {
    int id = register(access);
    if (id < 0) {
      return -id;
    }
    access.seal(id);
    if (access.push(outgoing)) {
      channel.eventLoop().execute(drain);
    }
    if (lost) {
      abandonAll();
    }
    int errno = access.await(timeout.toNanos());
    if (errno == Errno.ETIMEDOUT.number()) {
      fail(
          "no reply to %s within %d ms"
              .formatted(Command.name(access.command()), timeout.toMillis()));
    }
    return errno;
  }

  /**
   * Sends what threads have put up, on the loop. Their order is of no matter, since each waits for
   * its reply before it goes on.
   */
  private void drain() {
    Access next = outgoing.getAndSet(null);
    while (next != null) {
      Access access = next;
      next = access.unlink();
      channel.unsafe().write(access.message(), channel.voidPromise());
    }
    channel.unsafe().flush();
  }

  /** The number of a command's message; the negative of EIO when lost, of EBUSY for too many. */
  private int register(Waiting command) {
    for (int i = 0; i < IDS && !lost; i++) {
      int id = nextId.getAndIncrement() & (IDS - 1);
      if (waiting.compareAndSet(id, null, command)) {
        return id;
      }
    }
    return lost ? -Errno.EIO.number() : -Errno.EBUSY.number();
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
    int id = message.id();
    Waiting command = id < IDS ? waiting.getAndSet(id, null) : null;
    if (command == null || command.command() != message.command()) {
      if (command != null) {
        command.abandon();
      }
      fail("a reply that nobody waits for: " + message);
      return;
    }
    command.complete(message);
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
    for (int id = 0; id < IDS; id++) {
      Waiting command = waiting.getAndSet(id, null);
      if (command != null) {
        command.abandon();
      }
    }
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
