package org.nvlink2vmm.vmm.vfiouser.codec;

import java.util.ArrayDeque;
import java.util.Deque;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * Descriptors that came with bytes and belong to nobody yet. Who wants one takes it and owns it;
 * {@link #close()} closes those left over, so that no descriptor outlives its message by accident.
 */
public final class Descriptors implements AutoCloseable {
  private final Deque<OwnedFd> unclaimed = new ArrayDeque<>(0);

  public void add(OwnedFd fd) {
    unclaimed.addLast(fd);
  }

  public int count() {
    return unclaimed.size();
  }

  /**
   * The next descriptor in the sender's order, from now on the caller's.
   *
   * @throws java.util.NoSuchElementException when none is left
   */
  public OwnedFd take() {
    return unclaimed.removeFirst();
  }

  /** Moves all of them behind those of another holder. */
  void moveTo(Descriptors other) {
    while (!unclaimed.isEmpty()) {
      other.unclaimed.addLast(unclaimed.removeFirst());
    }
  }

  @Override
  public void close() {
    while (!unclaimed.isEmpty()) {
      unclaimed.removeFirst().close();
    }
  }
}
