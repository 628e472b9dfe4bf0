package org.nvlink2vmm.vmm.vfiouser.server;

import io.netty.channel.Channel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaAccess;
import org.nvlink2vmm.vmm.vfiouser.codec.Reachable;

/**
 * Guest memory by message: DMA_READ and DMA_WRITE to the client, whose answers arrive among its own
 * commands.
 *
 * <p>Not on the session's own thread: the client may be waiting for the answer to the very access
 * that made the device want memory, and QEMU then answers nothing else. A device that needs memory
 * to go on does it on a thread of its own.
 */
final class DmaMessages {
  private static final long TIMEOUT_SECONDS = 5;
  private static final int IDS = 1 << 16;

  /** How long to wait before asking again whether a client has taken something. */
  private static final long ROOM_NANOS = 50_000;

  private final SessionCounts counts;
  private final Map<Integer, Transfer> waiting = new ConcurrentHashMap<>();
  private final AtomicInteger nextId = new AtomicInteger();
  private volatile Channel channel;
  private volatile int mostData = Limits.DATA;
  private volatile boolean closed;

  DmaMessages(SessionCounts counts) {
    this.counts = counts;
  }

  /** The client can be asked from now on. */
  void open(Channel to, long clientsLimit) {
    mostData = (int) Math.max(1, Math.min(Limits.DATA, clientsLimit));
    channel = to;
  }

  /** Moves data between a device and guest memory; false when it failed or nobody answered. */
  boolean move(long iova, MemorySegment data, boolean toGuest) {
    Channel to = channel;
    if (to == null || to.eventLoop().inEventLoop()) {
      return false;
    }
    for (long done = 0; done < data.byteSize(); done += mostData) {
      int length = (int) Math.min(mostData, data.byteSize() - done);
      if (!transfer(to, iova + done, data.asSlice(done, length), toGuest)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Waits until a client that takes its messages slowly has room for another: requests must not
   * pile up behind one that takes none.
   */
  private boolean hasRoom(Channel to) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    while (!to.isWritable() && !closed && deadline - System.nanoTime() > 0) {
      LockSupport.parkNanos(ROOM_NANOS);
    }
    return to.isWritable() && !closed;
  }

  private boolean transfer(Channel to, long iova, MemorySegment data, boolean toGuest) {
    if (!hasRoom(to)) {
      return false;
    }
    // What only the caller's thread may touch, the loop cannot fill.
    boolean direct = toGuest || Reachable.byAnyThread(data);
    MemorySegment landing = direct ? data : Arena.ofAuto().allocate(data.byteSize());
    Transfer transfer = new Transfer(toGuest ? MemorySegment.NULL : landing);
    int id = register(transfer);
    if (id < 0) {
      return false;
    }
    int length = (int) data.byteSize();
    int payload = DmaAccess.BYTES + (toGuest ? length : 0);
    OutboundMessage request = new OutboundMessage(Header.BYTES + payload);
    request.u64(DmaAccess.IOVA, iova);
    request.u64(DmaAccess.COUNT, length);
    if (toGuest) {
      MemorySegment.copy(data, 0, request.bytes(), Header.BYTES + DmaAccess.BYTES, length);
    }
    request.seal(
        id, toGuest ? Command.DMA_WRITE : Command.DMA_READ, Header.TYPE_COMMAND, 0, payload);
    counts.dmaMessage();
    var _ = to.writeAndFlush(request, to.voidPromise());
    boolean moved = transfer.await();
    if (moved && !direct) {
      data.copyFrom(landing);
    }
    return moved;
  }

  private int register(Transfer transfer) {
    for (int i = 0; i < IDS && !closed; i++) {
      int id = nextId.getAndIncrement() & (IDS - 1);
      if (waiting.putIfAbsent(id, transfer) == null) {
        if (closed && waiting.remove(id) != null) {
          return -1;
        }
        return id;
      }
    }
    return -1;
  }

  /** Takes an answer of the client's; false when nothing like it was asked. */
  boolean answered(Message reply) {
    boolean dma = reply.command() == Command.DMA_READ || reply.command() == Command.DMA_WRITE;
    Transfer transfer = dma ? waiting.remove(reply.id()) : null;
    if (transfer == null) {
      return false;
    }
    transfer.complete(reply);
    return true;
  }

  /** The client is gone: nobody waits any longer. */
  void close() {
    closed = true;
    channel = null;
    waiting.keySet().forEach(id -> waiting.remove(id).abandon());
  }

  /** One request. Who waits may give up, and then the data go nowhere. */
  private static final class Transfer {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition finished = lock.newCondition();
    private final MemorySegment target;
    private boolean done;
    private boolean succeeded;

    Transfer(MemorySegment target) {
      this.target = target;
    }

    boolean await() {
      lock.lock();
      try {
        long nanos = TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
        while (!done && nanos > 0) {
          nanos = finished.awaitNanos(nanos);
        }
        done = true;
        return succeeded;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        done = true;
        return false;
      } finally {
        lock.unlock();
      }
    }

    /** A write's answer has 0, 12 or 16 bytes: clients differ. */
    void complete(Message reply) {
      lock.lock();
      try {
        long length = target.byteSize();
        boolean whole = length == 0 || reply.payload() == DmaAccess.BYTES + length;
        if (!done) {
          succeeded = reply.errorNumber() == 0 && whole && (length == 0 || land(reply));
        }
        done = true;
        finished.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** False when the memory of who waits was closed meanwhile, or is read-only. */
    private boolean land(Message reply) {
      try {
        int from = reply.position(DmaAccess.BYTES);
        MemorySegment.copy(reply.bytes(), from, target, 0, target.byteSize());
        return true;
      } catch (IllegalStateException | IllegalArgumentException _) {
        return false;
      }
    }

    void abandon() {
      lock.lock();
      try {
        done = true;
        finished.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }
}
