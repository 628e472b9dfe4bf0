package org.nvlink2vmm.vmm.memory;

import java.util.Objects;

/**
 * A change to a region tree that shows at once: readers see the view before it or the one after it,
 * never a half. Closing it swaps the view if anything changed. Held by one thread; holds the
 * address space's lock. Within one, another may be opened: the outermost swaps.
 */
public final class MemoryTransaction implements AutoCloseable {
  private final AddressSpace space;
  private boolean open = true;
  private boolean changed;

  MemoryTransaction(AddressSpace space) {
    this.space = space;
  }

  /** Places a region; of overlapping ones of one priority the later shows. */
  public MemoryTransaction map(MemoryRegion.Container into, long offset, MemoryRegion region) {
    return map(into, offset, region, 0);
  }

  /**
   * Places a region with a priority; higher ones hide lower ones.
   *
   * @throws IndexOutOfBoundsException when {@code offset} lies outside the container
   */
  public MemoryTransaction map(
      MemoryRegion.Container into, long offset, MemoryRegion region, int priority) {
    requireOpen();
    changed = true;
    into.place(
        new MemoryRegion.Placement(offset, Objects.requireNonNull(region, "region"), priority));
    return this;
  }

  /** Takes a region out of a container; nothing happens when it is not in it. */
  public MemoryTransaction unmap(MemoryRegion.Container from, MemoryRegion region) {
    requireOpen();
    changed |= from.displace(region);
    return this;
  }

  /** Moves a region within its container. */
  public MemoryTransaction move(MemoryRegion.Container within, long offset, MemoryRegion region) {
    return unmap(within, region).map(within, offset, region);
  }

  private void requireOpen() {
    if (!open) {
      throw new IllegalStateException("The memory transaction is closed");
    }
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      space.commit(changed);
    }
  }
}
