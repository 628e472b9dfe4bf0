package org.nvlink2vmm.vmm.vfiouser.server;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.trace.AccessCounts;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfiouser.codec.MessageDecoder;
import org.nvlink2vmm.vmm.vfiouser.socket.DescriptorIoHandler;
import org.nvlink2vmm.vmm.vfiouser.socket.UnixListener;
import org.nvlink2vmm.vmm.vfiouser.socket.UnixSocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Offers a device to another VMM over a socket (QEMU docs/interop/vfio-user.rst): QEMU's
 * vfio-user-pci, Cloud Hypervisor's --user-device, or a machine of this program attach to it.
 *
 * <pre>{@code
 * VfioDevice device = DirectDevice.builder("null").bar(0, 4096, registers).build();
 * try (VfioUserServer server = VfioUserServer.listen(Path.of("/run/null.sock"), device)) {
 *   server.await();
 * }
 * }</pre>
 *
 * <p>One socket serves one device and one client at a time, on one thread of its own. The device is
 * not the server's: it outlives it and is closed by whoever made it.
 */
public final class VfioUserServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VfioUserServer.class);
  private static final long CLOSE_SECONDS = 5;

  /** Receive room: a client may join messages, each with as many descriptors as it may have. */
  private static final int MOST_RECEIVED = 16;

  private final VfioDevice device;
  private final ServerOptions options;
  private final ServedRegions regions;
  private final SocketFile file;
  private final SessionCounts counts = new SessionCounts();
  private final RegionWatch watch;
  private final MultiThreadIoEventLoopGroup group;
  private final IoEventLoop loop;
  private final UnixListener listener;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile Optional<Attached> attached = Optional.empty();
  private final AtomicLong clients = new AtomicLong();
  private final AtomicLong refusedClients = new AtomicLong();

  private record Attached(Session session, UnixSocketChannel channel) {}

  private VfioUserServer(SocketFile file, VfioDevice device, ServerOptions options) {
    this.file = file;
    this.device = device;
    this.options = options;
    this.regions = new ServedRegions(device, options.mapMemory());
    this.watch = new RegionWatch(device.id(), regions.count());
    this.group =
        new MultiThreadIoEventLoopGroup(
            1,
            new DefaultThreadFactory("vfio-user " + device.id(), true),
            DescriptorIoHandler.factory(options.spin()));
    this.loop = group.next();
    this.listener = new UnixListener(file.socket(), loop, this::connected);
  }

  /** Serves with {@link ServerOptions#DEFAULT}. */
  public static VfioUserServer listen(Path path, VfioDevice device) {
    return listen(path, device, ServerOptions.DEFAULT);
  }

  /**
   * Serves a device. On return the socket is there and clients may connect; only its owner may.
   *
   * @throws NativeException EADDRINUSE when the path is taken, by another server or another kind of
   *     file; ENAMETOOLONG; and others as bind(2) fails
   */
  public static VfioUserServer listen(Path path, VfioDevice device, ServerOptions options) {
    SocketFile file = SocketFile.listen(path);
    VfioUserServer server = new VfioUserServer(file, device, options);
    IoRegistration registration =
        server.loop.register(server.listener).syncUninterruptibly().getNow();
    server.loop.execute(() -> server.listener.start(registration));
    return server;
  }

  public Path path() {
    return file.path();
  }

  public VfioDevice device() {
    return device;
  }

  /** Whether a client could map a region, and keep it mapped after it has left. */
  public boolean handsOutMemory() {
    return regions.anyMappable();
  }

  /** Waits until the server is closed, or its only client has left when there may be but one. */
  public void await() throws InterruptedException {
    closed.await();
  }

  /** Accesses that the device refused, and registers that a guest read again and again. */
  public AccessCounts accesses() {
    return watch.counts();
  }

  public ServerStatus status() {
    Optional<Session> session = attached.map(Attached::session);
    return new ServerStatus(
        device.id(),
        file.path().toString(),
        session.map(Session::isNegotiated).orElse(false),
        clients.get(),
        refusedClients.get(),
        counts.of(SessionCounts.MESSAGES),
        counts.of(SessionCounts.ERRORS),
        counts.of(SessionCounts.REFUSED_BY_DEVICE),
        session.map(Session::dmaMaps).orElse(0),
        counts.of(SessionCounts.DMA_REFUSED),
        counts.of(SessionCounts.DMA_MESSAGES),
        counts.of(SessionCounts.INTERRUPTS));
  }

  private void connected(OwnedFd connection) {
    if (attached.isPresent()) {
      refusedClients.incrementAndGet();
      LOG.warn("{}: a second client is refused", device.id());
      connection.close();
      return;
    }
    clients.incrementAndGet();
    UnixSocketChannel channel =
        new UnixSocketChannel(connection, file.path().toString(), MOST_RECEIVED);
    Session session = new Session(device, regions, options, counts, watch, this::left);
    attached = Optional.of(new Attached(session, channel));
    if (options.secondClient() == ServerOptions.SecondClient.QUEUE) {
      listener.accept(false);
    }
    channel.pipeline().addLast(new MessageDecoder(Limits.MESSAGE, MOST_RECEIVED), session);
    EventLoopGroup events = loop;
    var _ = events.register(channel);
  }

  private void left(Session session) {
    attached = Optional.empty();
    if (!options.reconnect() && session.isNegotiated()) {
      group.execute(this::close);
    } else if (!closing.get()) {
      listener.accept(true);
    }
  }

  /** Sends the client away and deletes the socket. Idempotent. */
  @Override
  public void close() {
    if (closing.compareAndSet(false, true)) {
      file.delete();
      loop.execute(this::shutDown);
    }
    if (!loop.inEventLoop()) {
      awaitUninterruptibly();
    }
  }

  private void shutDown() {
    listener.close();
    attached.ifPresent(client -> client.channel().unsafe().close(client.channel().voidPromise()));
    var _ = group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
    group.terminationFuture().addListener(future -> closed.countDown());
  }

  private void awaitUninterruptibly() {
    try {
      if (!closed.await(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("{}: the server does not end", device.id());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
