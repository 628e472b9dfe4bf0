package org.nvlink2vmm.vmm.vcpu.gdb;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.gdb.AllStop.Action;

/**
 * Serves one debugger at a time on a TCP port. See the package for what it offers.
 *
 * <p>To be opened before the guest runs, which it then holds at its first instruction.
 */
public final class GdbServer implements AutoCloseable {
  /** How long to wait before asking again whether threads have stopped. */
  private static final long SETTLING_NANOS = 500_000;

  private static final long CLOSING_MILLIS = 5000;

  private final Partition partition;
  private final ByteOrder order;
  private final Runnable kill;
  private final ServerSocketChannel listener;
  private final Selector selector;
  private final AllStop guest;
  private final Thread thread;
  private volatile boolean closed;

  /** How the guest ended, as a stop reply; empty until it has. */
  private volatile String ended = "";

  /** The debugger that is there. Only one thread knows of these. */
  private Connection debugger;

  private Commands commands;

  /** Whether the debugger waits for the guest to stop. */
  private boolean owesStop;

  private volatile boolean attached;

  private GdbServer(InetSocketAddress address, Partition partition, ByteOrder order, Runnable kill)
      throws IOException {
    this.partition = partition;
    this.order = order;
    this.kill = kill;
    this.selector = Selector.open();
    this.listener = ServerSocketChannel.open();
    try {
      listener.bind(address).configureBlocking(false);
      listener.register(selector, SelectionKey.OP_ACCEPT);
    } catch (IOException e) {
      listener.close();
      selector.close();
      throw e;
    }
    this.guest = new AllStop(partition, selector::wakeup);
    guest.request(AllStop.Cause.REQUEST);
    this.thread = Thread.ofPlatform().name("gdb").daemon().unstarted(this::serve);
  }

  /**
   * Holds a guest that has not begun and waits for a debugger.
   *
   * @param order of the registers on the wire: that of the kernel's file
   * @param kill ends the guest
   * @throws IOException when the address cannot be listened on
   */
  public static GdbServer listen(
      InetSocketAddress address, Partition partition, ByteOrder order, Runnable kill)
      throws IOException {
    GdbServer server = new GdbServer(address, partition, order, kill);
    server.thread.start();
    return server;
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return new InetSocketAddress(
        listener.socket().getInetAddress(), listener.socket().getLocalPort());
  }

  /**
   * Stops the guest for the debugger, if one is there, because it would never do anything again.
   *
   * @return whether one is there
   */
  public boolean stuck() {
    if (attached) {
      guest.request(AllStop.Cause.STUCK);
    }
    return attached;
  }

  /** The guest exited with a status, 0-255: the debugger is told and let go. */
  public void exited(int status) {
    end("W%02x".formatted(status & 0xff));
  }

  /** The guest was ended from outside or gave up: to the debugger, a signal killed it. */
  public void terminated(int signal) {
    end("X%02x".formatted(signal & 0xff));
  }

  private void end(String reply) {
    ended = reply;
    close();
  }

  /** Ends; waits for its thread. */
  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    try {
      thread.join(CLOSING_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // The one thread.

  private void serve() {
    try (selector;
        listener) {
      while (!closed) {
        await();
        if (selector.selectedKeys().removeIf(SelectionKey::isAcceptable)) {
          accept();
        }
        selector.selectedKeys().clear();
        serveDebugger();
      }
    } catch (IOException _) {
      // Nobody can come any more; the guest has to go on by itself.
    }
    sayGoodbye();
    leave();
  }

  /** Waits for the debugger or the guest; for threads of the guest that stop, by asking. */
  private void await() throws IOException {
    if (debugger != null && guest.halting() && !guest.stopped()) {
      LockSupport.parkNanos(SETTLING_NANOS);
      selector.selectNow();
    } else {
      selector.select();
    }
  }

  private void accept() throws IOException {
    SocketChannel channel = listener.accept();
    if (channel == null) {
      return;
    }
    if (debugger != null) {
      channel.close();
      return;
    }
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    channel.register(selector, SelectionKey.OP_READ);
    debugger = new Connection(channel);
    commands = new Commands(partition, guest, order);
    owesStop = false;
    attached = true;
    guest.request(AllStop.Cause.REQUEST);
  }

  /** Deals with what the debugger sent, as far as the guest's state lets it. */
  private void serveDebugger() {
    try {
      while (debugger != null) {
        boolean stopped = guest.halting() && guest.stopped();
        if (stopped && owesStop) {
          owesStop = false;
          debugger.send(commands.stopReply());
        }
        boolean stopping = guest.halting() && !stopped;
        if (stopping || !(debugger.hasInput() || fill())) {
          return;
        }
        switch (debugger.next()) {
          case INTERRUPT -> guest.request(AllStop.Cause.REQUEST);
          case PACKET -> carryOut(debugger.body(), stopped);
          default -> {}
        }
      }
    } catch (IOException _) {
      leave();
    }
  }

  /** Whether there is input now; without, the debugger may be gone. */
  private boolean fill() throws IOException {
    if (!debugger.fill()) {
      leave();
      return false;
    }
    return debugger.hasInput();
  }

  private void carryOut(byte[] body, boolean stopped) throws IOException {
    if (!stopped && body.length > 0 && body[0] != 'k' && body[0] != 'D') {
      // While the guest runs there is nothing to be said about it.
      return;
    }
    switch (commands.answer(body)) {
      case Answer.Text(String text) -> debugger.send(text);
      case Answer.NoAcknowledgements _ -> {
        debugger.send("OK");
        debugger.stopAcknowledging();
      }
      case Answer.Resume(List<Action> actions) -> {
        owesStop = true;
        guest.resume(actions);
      }
      case Answer.Detach _ -> {
        debugger.send("OK");
        leave();
      }
      case Answer.Kill _ -> {
        kill.run();
        leave();
      }
    }
  }

  private void sayGoodbye() {
    try {
      if (debugger != null && owesStop && !ended.isEmpty()) {
        debugger.send(ended);
      }
    } catch (IOException _) {
      // Then without.
    }
  }

  private void leave() {
    attached = false;
    if (debugger != null) {
      debugger.close();
      debugger = null;
    }
    guest.letGo();
  }
}
