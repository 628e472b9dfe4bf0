package org.nvlink2vmm.vmm.host;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.trace.AccessCounts;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.SharedArea;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/** A file descriptor of a VFIO device (VFIO_GROUP_GET_DEVICE_FD): one of several, perhaps. */
final class DeviceFile implements VfioDevice {
  private final String id;
  private final HostBdf address;
  private final OpenFunction function;
  private final EmulatedHost host;
  private final List<RegionMapping> mappings = new ArrayList<>();
  private volatile boolean closed;

  DeviceFile(String id, HostBdf address, OpenFunction function, EmulatedHost host) {
    this.id = id;
    this.address = address;
    this.function = function;
    this.host = host;
  }

  private OpenFunction open() {
    if (closed) {
      throw new VfioException(Errno.EBADF, id + " is closed");
    }
    return function;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public DeviceInfo info() {
    return open().info();
  }

  @Override
  public RegionInfo regionInfo(int index) {
    return open().regionInfo(index);
  }

  @Override
  public IrqInfo irqInfo(int index) {
    return open().irqInfo(index);
  }

  @Override
  public RegionBacking backing(int index) {
    return open().backing(index);
  }

  @Override
  public List<SharedArea> shareable(int index) {
    return index < VfioPciIndex.NUM_REGIONS
        ? VfioDevice.super.shareable(index)
        : open().shareable(index);
  }

  @Override
  public long read(int index, long offset, MemorySegment target) {
    return closed ? -Errno.EBADF.number() : function.read(index, offset, target);
  }

  @Override
  public long write(int index, long offset, MemorySegment source) {
    return closed ? -Errno.EBADF.number() : function.write(index, offset, source);
  }

  @Override
  public RegionMapping mmap(int index, long offset, long length) {
    synchronized (host) {
      MmapRange range = MmapRange.of(id, offset, length, open().pageSize());
      RegionMapping mapping = function.mmap(index, range);
      mappings.add(mapping);
      return mapping;
    }
  }

  @Override
  public void connect(InterruptSink sink) {
    open().connect(sink);
  }

  @Override
  public void maskIntx(boolean masked) {
    open().maskIntx(masked);
  }

  @Override
  public void attach(DmaSpace memory) {
    open().attach(memory);
  }

  @Override
  public Optional<AccessCounts> accesses() {
    return Optional.of(host.counts());
  }

  @Override
  public Optional<Migratable> migration() {
    return open().migration();
  }

  @Override
  public void reset() {
    synchronized (host) {
      open().reset();
    }
  }

  @Override
  public void close() {
    synchronized (host) {
      if (!closed) {
        closed = true;
        mappings.forEach(RegionMapping::close);
        mappings.clear();
        host.release(address);
      }
    }
  }

  @Override
  public String toString() {
    return id + " (" + address + ")";
  }
}
