package org.nvlink2vmm.vmm.nativeio;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A counter in the kernel that one side raises and the other waits on (eventfd(2)). Any thread may
 * signal, also while another closes: a lock keeps a late signal from writing to whatever file has
 * got the number by then.
 */
public final class EventFd implements AutoCloseable {
  private static final MemorySegment ONE = one();

  private final OwnedFd fd;
  private final MemorySegment count = Arena.ofAuto().allocate(JAVA_LONG);
  private final ReentrantLock lock = new ReentrantLock();

  /** Takes over the descriptor of an eventfd that somebody else made. */
  public EventFd(OwnedFd fd) {
    this.fd = fd;
  }

  /**
   * A new, non-blocking eventfd with count 0.
   *
   * @throws NativeException EMFILE and others as eventfd(2) fails
   */
  public static EventFd create() {
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
      if (fd.isOpen()) {
        Libc.write(fd, ONE);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Sets the count to 0 and gives what it was; 0 as well when it is closed. Does not wait. */
  public long take() {
    lock.lock();
    try {
      return fd.isOpen() && Libc.read(fd, count) == Long.BYTES ? count.get(JAVA_LONG, 0) : 0;
    } finally {
      lock.unlock();
    }
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
