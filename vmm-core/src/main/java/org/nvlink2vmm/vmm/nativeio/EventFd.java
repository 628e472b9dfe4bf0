package org.nvlink2vmm.vmm.nativeio;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A counter in the kernel that one side raises and the other waits on (eventfd(2)). Any thread may
 * signal, also while another closes: a lock keeps a late signal from writing to whatever file has
 * got the number by then.
 *
 * <p>Neither signalling nor taking waits, though a peer that has the file can make it a blocking
 * one at any time: it is then asked first whether it is ready. Only a peer that fills the counter
 * between the two calls could hold the thread up, and only as long as it keeps the counter full.
 */
public final class EventFd implements AutoCloseable {
  private static final MemorySegment ONE = one();

  private final OwnedFd fd;
  private final MemorySegment count = Arena.ofAuto().allocate(JAVA_LONG);
  private final ReentrantLock lock = new ReentrantLock();
  private final PollSet ready = new PollSet();
  private final boolean shared;

  /** Takes over the descriptor of an eventfd that somebody else made. */
  public EventFd(OwnedFd fd) {
    this(fd, true);
  }

  private EventFd(OwnedFd fd, boolean shared) {
    this.fd = fd;
    this.shared = shared;
  }

  /**
   * A new, non-blocking eventfd with count 0, for this process alone.
   *
   * @throws NativeException EMFILE and others as eventfd(2) fails
   */
  public static EventFd create() {
    return new EventFd(Libc.eventfd(), false);
  }

  /**
   * As {@link #create}, to be given to a peer.
   *
   * @throws NativeException as {@link #create}
   */
  public static EventFd createShared() {
    return new EventFd(Libc.eventfd());
  }

  /** For poll, or to send to a peer. */
  public OwnedFd fd() {
    return fd;
  }

  /** Adds one; lost when it is closed or when the counter is full, which the waiter sees as set. */
  public void signal() {
    lock.lock();
    try {
      if (isReady(PollSet.OUT)) {
        Libc.write(fd, ONE);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Sets the count to 0 and gives what it was, unsigned; 0 as well when it is closed. */
  public long take() {
    lock.lock();
    try {
      return isReady(PollSet.IN) && Libc.read(fd, count) == Long.BYTES
          ? count.get(JAVA_LONG, 0)
          : 0;
    } finally {
      lock.unlock();
    }
  }

  private boolean isReady(int event) {
    if (!fd.isOpen() || !shared) {
      return fd.isOpen();
    }
    ready.set(0, fd, event);
    return ready.poll(0) > 0 && (ready.ready(0) & event) != 0;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      fd.close();
    } finally {
      lock.unlock();
    }
  }

  private static MemorySegment one() {
    MemorySegment segment = Arena.global().allocate(JAVA_LONG);
    segment.set(JAVA_LONG, 0, 1);
    return segment;
  }
}
