package org.nvlink2vmm.vmm.nativeio;

import java.util.concurrent.atomic.AtomicInteger;

/** A file descriptor that this process has to close; closes it exactly once. */
public final class OwnedFd implements AutoCloseable {
  private static final AtomicInteger LIVE = new AtomicInteger();
  private static final int CLOSED = -1;

  private final AtomicInteger fd;

  /**
   * Takes over a descriptor.
   *
   * @throws IllegalArgumentException when {@code fd} is negative
   */
  public OwnedFd(int fd) {
    if (fd < 0) {
      throw new IllegalArgumentException("Not a file descriptor: " + fd);
    }
    this.fd = new AtomicInteger(fd);
    LIVE.incrementAndGet();
  }

  /** Descriptors that are owned and not closed, in the whole process. For tests of leaks. */
  public static int live() {
    return LIVE.get();
  }

  /**
   * The descriptor's number, for a call that does not close it.
   *
   * @throws IllegalStateException when it is closed
   */
  public int number() {
    int number = fd.get();
    if (number == CLOSED) {
      throw new IllegalStateException("The file descriptor is closed");
    }
    return number;
  }

  public boolean isOpen() {
    return fd.get() != CLOSED;
  }

  /**
   * A second descriptor of the same open file (fcntl F_DUPFD_CLOEXEC).
   *
   * @throws NativeException EMFILE, EBADF
   */
  public OwnedFd duplicate() {
    return new OwnedFd(Libc.check(Libc.duplicate(number()), "fcntl", "duplicating a descriptor"));
  }

  /** Closes it; does nothing the second time. An error of close is of no use to anyone. */
  @Override
  public void close() {
    int number = fd.getAndSet(CLOSED);
    if (number != CLOSED) {
      LIVE.decrementAndGet();
      Libc.close(number);
    }
  }

  @Override
  public String toString() {
    return "fd " + fd.get();
  }
}
