package org.nvlink2vmm.vmm.host;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.nvlink2vmm.vmm.device.KernelMapping;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioException;

/** The kernel's mappings of host-physical memory (memremap), counted. */
final class HostMemory {
  private final AddressSpace physical;
  private final KernelFaults faults;
  private final AtomicInteger live = new AtomicInteger();

  HostMemory(AddressSpace physical, KernelFaults faults) {
    this.physical = physical;
    this.faults = faults;
  }

  /** memremap: ENOMEM when it fails or nothing is at the address. */
  KernelMapping remap(long hpa, long size) {
    if (hpa < 0 || faults.fails(KernelStep.REMAP) || physical.claim(hpa).isEmpty()) {
      throw new VfioException(
          Errno.ENOMEM, "0x%x bytes of host memory at 0x%x cannot be mapped".formatted(size, hpa));
    }
    live.incrementAndGet();
    return new Remapped(hpa, size);
  }

  /** Mappings that were made and not yet ended. */
  int live() {
    return live.get();
  }

  /** Reads through a mapping that lasts for the access: bytes read or the negative of EFAULT. */
  long read(long hpa, MemorySegment target) {
    if (faults.fails(KernelStep.REMAP)) {
      return -Errno.EFAULT.number();
    }
    physical.readBytes(hpa, target);
    return target.byteSize();
  }

  long write(long hpa, MemorySegment source) {
    if (faults.fails(KernelStep.REMAP)) {
      return -Errno.EFAULT.number();
    }
    physical.writeBytes(hpa, source);
    return source.byteSize();
  }

  /**
   * What is at host-physical addresses right now: the bytes themselves where all are one device's
   * RAM, else the host's bus, asked at every access. GPU memory comes and goes with its links, so
   * whoever keeps an answer must be content with one that may grow old: bytes stay bytes.
   */
  RegionBacking backing(long hpa, long size) {
    Optional<MemorySegment> segment = physical.segment(hpa, size);
    return segment.isPresent()
        ? new RegionBacking.Direct(segment.get())
        : new RegionBacking.Trapped(AccessRules.ANY_LITTLE, new Bus(physical, hpa));
  }

  private final class Remapped implements KernelMapping {
    private final long hpa;
    private final long size;
    private boolean closed;

    Remapped(long hpa, long size) {
      this.hpa = hpa;
      this.size = size;
    }

    @Override
    public RegionBacking backing() {
      return HostMemory.this.backing(hpa, size);
    }

    @Override
    public void read(long offset, MemorySegment target) {
      physical.readBytes(hpa + offset, target);
    }

    @Override
    public void write(long offset, MemorySegment source) {
      physical.writeBytes(hpa + offset, source);
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        live.decrementAndGet();
      }
    }
  }

  /** Whatever the host's bus has from an address on. */
  private static final class Bus extends MmioHandler {
    private final AddressSpace physical;
    private final long base;

    Bus(AddressSpace physical, long base) {
      this.physical = physical;
      this.base = base;
    }

    @Override
    public long read(long offset, int size) {
      return physical.read(base + offset, size, ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void write(long offset, int size, long value) {
      physical.write(base + offset, size, value, ByteOrder.LITTLE_ENDIAN);
    }
  }
}
