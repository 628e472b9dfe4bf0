package org.nvlink2vmm.vmm.vfiouser.socket;

import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.WriteBufferWaterMark;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.SocketAddress;
import java.util.List;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.PollSet;
import org.nvlink2vmm.vmm.nativeio.SocketMessage;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;
import org.nvlink2vmm.vmm.vfiouser.codec.Chunk;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;

/**
 * A connected Unix socket that carries bytes and descriptors together. In come {@link Chunk}s, out
 * go {@link OutboundMessage}s, each by one sendmsg as long as the socket has room (QEMU gives up on
 * a header that arrives in two pieces).
 *
 * <p>Pitfalls: a short send has sent all descriptors, the rest goes without; a receive that lost
 * descriptors for want of room ends the connection; after the peer hung up poll reports it for
 * ever, so a channel that does not read must close then.
 */
public final class UnixSocketChannel extends AbstractChannel {
  private static final ChannelMetadata METADATA = new ChannelMetadata(false);

  /** Bytes of one receive call; the default room of a socket is 208 KiB. */
  private static final int CHUNK_BYTES = 256 * 1024;

  /** Room for a reply of 1 MiB and the next one, so that each goes in one turn of the loop. */
  private static final int SEND_BYTES = 2 << 20;

  /** Receive calls before other handles of the loop get their turn. */
  private static final int MOST_RECEIVES = 16;

  /** A reply of 1 MiB may wait; a second one makes the channel unwritable. */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 1 << 20);

  private final OwnedFd socket;
  private final SocketAddress address;
  private final SocketMessage receiving;
  private final SocketMessage sending;
  private final Chunk chunk = new Chunk(Arena.ofAuto().allocate(CHUNK_BYTES, Long.BYTES));
  private final ChannelConfig config = new DefaultChannelConfig(this);
  private IoRegistration registration;
  private int interest;
  private volatile boolean active = true;

  /** Where a channel leads, for people. */
  private static final class Address extends SocketAddress {
    private static final long serialVersionUID = 1L;

    private final String text;

    Address(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /**
   * @param socket connected and non-blocking; the channel closes it
   * @param name for people, in log lines
   * @param maxDescriptors most that one receive or send may carry
   */
  public UnixSocketChannel(OwnedFd socket, String name, int maxDescriptors) {
    super(null);
    this.socket = socket;
    this.address = new Address(name);
    this.receiving = new SocketMessage(maxDescriptors);
    this.sending = new SocketMessage(maxDescriptors);
    UnixSocket.sendBuffer(socket, SEND_BYTES); // without, large messages take more turns
    config.setWriteBufferWaterMark(WATER_MARK);
    MessageSizeEstimator.Handle size = message -> ((OutboundMessage) message).size();
    config.setMessageSizeEstimator(() -> size);
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new SocketUnsafe();
  }

  private final class SocketUnsafe extends AbstractUnsafe implements DescriptorIoHandler.Handle {
    @Override
    public OwnedFd fd() {
      return socket;
    }

    @Override
    public void handle(IoRegistration source, IoEvent event) {
      int ready = ((DescriptorIoHandler.Ready) event).events();
      if ((ready & PollSet.OUT) != 0) {
        wish(interest & ~PollSet.OUT);
        super.flush0();
      }
      if (!active) {
        return;
      }
      if ((interest & PollSet.IN) != 0) {
        if ((ready & ~PollSet.OUT) != 0) {
          receive();
        }
      } else if ((ready & (PollSet.HUP | PollSet.ERR | PollSet.NVAL)) != 0) {
        close();
      }
    }

    private void receive() {
      boolean more = true;
      for (int i = 0; more && i < MOST_RECEIVES; i++) {
        long got = receiving.receive(socket, chunk.bytes());
        if (got == -Libc.EAGAIN) {
          break;
        }
        if (got <= 0 || receiving.descriptorsTruncated()) {
          receiving.closeDescriptors();
          close();
          return;
        }
        chunk.length((int) got);
        List<OwnedFd> descriptors = receiving.takeDescriptors();
        if (!descriptors.isEmpty()) {
          descriptors.forEach(chunk.descriptors()::add);
        }
        pipeline().fireChannelRead(chunk);
        chunk.descriptors().close();
        more = got == CHUNK_BYTES && active && config.isAutoRead();
      }
      pipeline().fireChannelReadComplete();
      if (active && !config.isAutoRead()) {
        wish(interest & ~PollSet.IN);
      }
    }

    @Override
    public void close() {
      close(voidPromise());
    }

    @Override
    public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
      promise.setFailure(new UnsupportedOperationException("The socket is connected already"));
    }
  }

  private void wish(int events) {
    if (events != interest) {
      interest = events;
      if (registration != null && registration.isValid()) {
        registration.submit(new DescriptorIoHandler.Interest(events));
      }
    }
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop instanceof IoEventLoop io && io.isCompatible(SocketUnsafe.class);
  }

  @Override
  protected void doRegister(ChannelPromise promise) {
    ((IoEventLoop) eventLoop())
        .register((SocketUnsafe) unsafe())
        .addListener(
            future -> {
              if (future.isSuccess()) {
                registration = (IoRegistration) future.getNow();
                registration.submit(new DescriptorIoHandler.Interest(interest));
                promise.setSuccess();
              } else {
                promise.setFailure(future.cause());
              }
            });
  }

  @Override
  protected void doBeginRead() {
    wish(interest | PollSet.IN);
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer queue) throws IOException {
    for (Object next = queue.current(); next != null; next = queue.current()) {
      OutboundMessage message = (OutboundMessage) next;
      List<OwnedFd> descriptors = message.sent() == 0 ? message.descriptors() : List.of();
      long sent = sending.send(socket, message.unsent(), descriptors);
      if (sent == -Libc.EAGAIN) {
        wish(interest | PollSet.OUT);
        return;
      }
      if (sent < 0) {
        throw new IOException("sendmsg: " + Libc.errorText((int) -sent));
      }
      message.progress((int) sent);
      queue.progress(sent);
      if (message.isSent()) {
        queue.remove();
      }
    }
  }

  @Override
  protected Object filterOutboundMessage(Object message) {
    if (message instanceof OutboundMessage) {
      return message;
    }
    throw new IllegalArgumentException("Not a message: " + message);
  }

  @Override
  protected void doClose() {
    active = false;
    doDeregister();
    socket.close();
  }

  @Override
  protected void doDeregister() {
    if (registration != null) {
      registration.cancel();
    }
  }

  @Override
  protected void doDisconnect() {
    doClose();
  }

  @Override
  protected void doBind(SocketAddress local) {
    throw new UnsupportedOperationException("The socket is connected already");
  }

  @Override
  protected SocketAddress localAddress0() {
    return address;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return address;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  @Override
  public boolean isActive() {
    return active && socket.isOpen();
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }
}
