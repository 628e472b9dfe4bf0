package org.nvlink2vmm.vmm.vfiouser.client;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.RegionAccess;
import org.nvlink2vmm.vmm.vfiouser.codec.Reachable;

/**
 * A REGION_READ or REGION_WRITE of one thread's, used for all of its accesses. The thread prepares
 * it, sends it and waits; the connection's loop completes it. Who of the two comes first decides
 * whether the data move: after a time-out the reply's go nowhere.
 */
final class Access implements Waiting {
  private static final int SENT = 0;
  private static final int COMPLETING = 1;
  private static final int DONE = 2;
  private static final int GIVEN_UP = 3;

  /** Requests of accesses of up to so many bytes keep their room. */
  private static final int SMALL = 4096;

  private final AtomicInteger state = new AtomicInteger(DONE);
  private OutboundMessage request = new OutboundMessage(Header.BYTES + RegionAccess.BYTES + SMALL);
  private Thread waiter = Thread.currentThread();
  private MemorySegment data = MemorySegment.NULL;

  /** Where the loop puts what was read: {@link #data}, or the room when that is not for it. */
  private MemorySegment landing = MemorySegment.NULL;

  private long landingAt;
  private boolean direct;

  private MemorySegment room = MemorySegment.NULL;
  private int command;
  private long at;
  private int length;
  private int errno;
  private Access next;

  /** Makes it a new access to bytes {@code from} and on of {@code bytes}; by the thread's own. */
  void prepare(int what, int index, long offset, MemorySegment bytes, long from, int count) {
    command = what;
    data = bytes;
    at = from;
    length = count;
    waiter = Thread.currentThread();
    if (request.refCnt() != 1) {
      request = new OutboundMessage(Header.BYTES + RegionAccess.BYTES + SMALL);
    }
    request.clear(Header.BYTES + payload());
    request.u64(RegionAccess.OFFSET, offset);
    request.u32(RegionAccess.REGION, index);
    request.u32(RegionAccess.COUNT, count);
    if (writes()) {
      long start = Header.BYTES + (long) RegionAccess.BYTES;
      MemorySegment.copy(bytes, from, request.bytes(), start, count);
    } else {
      direct = Reachable.byAnyThread(bytes);
      landing = direct ? bytes : room(count);
      landingAt = direct ? from : 0;
    }
    state.set(SENT);
  }

  private MemorySegment room(int count) {
    if (room.byteSize() < count) {
      room = Arena.ofAuto().allocate(Math.max(count, SMALL));
    }
    return room;
  }

  private boolean writes() {
    return command == Command.REGION_WRITE;
  }

  private int payload() {
    return RegionAccess.BYTES + (writes() ? length : 0);
  }

  /** Gives the message its number. The channel releases it when it is sent. */
  void seal(int id) {
    request.seal(id, command, Header.TYPE_COMMAND, 0, payload());
    request.retain();
  }

  OutboundMessage message() {
    return request;
  }

  /** Puts it in front of those that are to be sent; true when it is the first. */
  boolean push(AtomicReference<Access> outgoing) {
    Access first;
    do {
      first = outgoing.get();
      next = first;
    } while (!outgoing.compareAndSet(first, this));
    return first == null;
  }

  /** Takes it out of the list; gives the one behind it, null for none. */
  Access unlink() {
    Access behind = next;
    next = null;
    return behind;
  }

  @Override
  public int command() {
    return command;
  }

  @Override
  public void complete(Message reply) {
    if (!state.compareAndSet(SENT, COMPLETING)) {
      return;
    }
    errno = reply.errorNumber();
    if (errno == 0 && !writes()) {
      if (reply.payload() == RegionAccess.BYTES + length) {
        land(reply.bytes(), reply.position(RegionAccess.BYTES));
      } else {
        errno = Errno.EPROTO.number();
      }
    }
    finish();
  }

  /** Whatever memory the caller gave, who waits has to learn how it went. */
  private void land(MemorySegment reply, int from) {
    try {
      MemorySegment.copy(reply, from, landing, landingAt, length);
    } catch (IllegalStateException | IllegalArgumentException _) {
      errno = Errno.EFAULT.number();
    }
  }

  @Override
  public void abandon() {
    if (state.compareAndSet(SENT, COMPLETING)) {
      errno = Errno.EIO.number();
      finish();
    }
  }

  private void finish() {
    Thread thread = waiter;
    state.set(DONE);
    LockSupport.unpark(thread);
  }

  /** Whether nobody knows it any longer; one that was given up may still get a reply. */
  boolean isDone() {
    return state.get() == DONE;
  }

  /**
   * Waits for the reply.
   *
   * @return an errno: 0, the server's, EPROTO, EFAULT when the caller's memory is closed or
   *     read-only, EIO when the connection is lost or the thread is interrupted, ETIMEDOUT
   */
  int await(long nanos) {
    long deadline = System.nanoTime() + nanos;
    while (state.get() != DONE) {
      long left = deadline - System.nanoTime();
      boolean interrupted = Thread.currentThread().isInterrupted();
      if ((left <= 0 || interrupted) && state.compareAndSet(SENT, GIVEN_UP)) {
        forget();
        return interrupted ? Errno.EIO.number() : Errno.ETIMEDOUT.number();
      }
      if (left > 0 && !interrupted) {
        LockSupport.parkNanos(this, left);
      }
    }
    if (errno == 0 && !writes() && !direct) {
      MemorySegment.copy(room, 0, data, at, length);
    }
    forget();
    return errno;
  }

  private void forget() {
    data = MemorySegment.NULL;
    landing = MemorySegment.NULL;
  }
}
