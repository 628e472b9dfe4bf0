package org.nvlink2vmm.v100.ram;

import java.util.concurrent.atomic.LongAdder;
import org.nvlink2vmm.vmm.ats.LinkWatcher;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * The GPU's window in the host's physical addresses. Its lowest part is the GPU's memory while at
 * least one link carries loads and stores; everything else, and all of it without a link, answers
 * as the machine's "low level error" does: loads all ones, stores lost, the NPU told.
 */
public final class Aperture implements LinkWatcher, AutoCloseable {
  /** Told of an access that reached nothing. */
  @FunctionalInterface
  public interface Unreachable {
    /**
     * @param hpa host-physical address, bytes
     */
    void access(long hpa, int size, boolean write);
  }

  private final AddressSpace physical;
  private final long base;
  private final MemoryRegion.Mmio nothing;
  private final MemoryRegion.RamDevice memory;
  private final LongAdder errors = new LongAdder();
  private boolean shown;
  private boolean closed;

  /**
   * @param base host-physical start
   * @param size bytes of the window, more than the memory as a rule
   */
  public Aperture(
      String name, AddressSpace physical, long base, long size, GpuRam ram, Unreachable told) {
    this.physical = physical;
    this.base = base;
    nothing =
        new MemoryRegion.Mmio(name + " aperture", size, AccessRules.ANY_LITTLE, new Nothing(told));
    long real = Math.min(size, ram.size());
    memory = new MemoryRegion.RamDevice(name + " memory", ram.segment().asSlice(0, real));
    try (MemoryTransaction change = physical.change()) {
      change.map(physical.root(), base, nothing);
    }
  }

  @Override
  public synchronized void linksChanged(boolean carries) {
    if (carries == shown || closed) {
      return;
    }
    shown = carries;
    try (MemoryTransaction change = physical.change()) {
      if (carries) {
        change.map(physical.root(), base, memory, 1);
      } else {
        change.unmap(physical.root(), memory);
      }
    }
  }

  /** Accesses that reached nothing. */
  public long errors() {
    return errors.sum();
  }

  @Override
  public synchronized void close() {
    closed = true;
    try (MemoryTransaction change = physical.change()) {
      change.unmap(physical.root(), memory).unmap(physical.root(), nothing);
    }
  }

  private final class Nothing extends MmioHandler {
    private final Unreachable told;

    Nothing(Unreachable told) {
      this.told = told;
    }

    @Override
    public long read(long offset, int size) {
      errors.increment();
      told.access(base + offset, size, false);
      return -1;
    }

    @Override
    public void write(long offset, int size, long value) {
      errors.increment();
      told.access(base + offset, size, true);
    }
  }
}
