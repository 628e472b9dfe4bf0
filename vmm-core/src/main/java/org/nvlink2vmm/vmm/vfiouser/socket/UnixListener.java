package org.nvlink2vmm.vmm.vfiouser.socket;

import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.PollSet;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes connections of a listening socket on an event loop. While it does not accept, connections
 * wait in the kernel's queue. All methods belong to the loop's thread.
 */
public final class UnixListener implements DescriptorIoHandler.Handle {
  private static final Logger LOG = LoggerFactory.getLogger(UnixListener.class);

  /** After a failure such as too many open files, which would repeat at once. */
  private static final long PAUSE_MILLIS = 100;

  private final OwnedFd socket;
  private final IoEventLoop loop;
  private final Consumer<OwnedFd> onConnection;
  private IoRegistration registration;
  private boolean accepting;

  /**
   * @param socket listening and non-blocking; the listener closes it
   * @param onConnection gets each connection, non-blocking, and owns it
   */
  public UnixListener(OwnedFd socket, IoEventLoop loop, Consumer<OwnedFd> onConnection) {
    this.socket = socket;
    this.loop = loop;
    this.onConnection = onConnection;
  }

  /** Takes the result of {@link IoEventLoop#register}. */
  public void start(IoRegistration result) {
    registration = result;
    accept(true);
  }

  /** Takes connections, or leaves them in the queue. */
  public void accept(boolean wanted) {
    accepting = wanted;
    interest(wanted);
  }

  private void interest(boolean wanted) {
    if (registration != null && registration.isValid()) {
      registration.submit(new DescriptorIoHandler.Interest(wanted ? PollSet.IN : 0));
    }
  }

  @Override
  public OwnedFd fd() {
    return socket;
  }

  @Override
  public void handle(IoRegistration source, IoEvent event) {
    try {
      while (accepting) {
        Optional<OwnedFd> connection = UnixSocket.accept(socket);
        if (connection.isEmpty()) {
          return;
        }
        onConnection.accept(connection.get());
      }
    } catch (NativeException e) {
      LOG.warn("{}; trying again soon", e.getMessage());
      interest(false);
      var _ = loop.schedule(() -> interest(accepting), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void close() {
    accepting = false;
    if (registration != null) {
      registration.cancel();
    }
    socket.close();
  }
}
