package org.nvlink2vmm.v100.host;

import java.util.BitSet;
import org.nvlink2vmm.dt.powernv.MemoryWindow;
import org.nvlink2vmm.vmm.device.SubdriverOpening;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionMapping;

/**
 * A process's mapping of a GPU's memory: pages are inserted one by one, as they are touched
 * (vfio_pci_nvgpu_mmap_fault).
 */
final class NvgpuMapping implements RegionMapping {
  private final SubdriverOpening opening;
  private final String name;
  private final long hpa;
  private final MmapRange range;
  private final long hva;
  private final BitSet present = new BitSet();

  NvgpuMapping(SubdriverOpening opening, MemoryWindow window, MmapRange range) {
    this.opening = opening;
    this.name = opening.function().address().toString();
    this.hpa = window.base() + range.offset();
    this.range = range;
    this.hva =
        backing() instanceof RegionBacking.Direct direct && direct.segment().isNative()
            ? direct.segment().address()
            : opening.userAddress(range.length());
  }

  @Override
  public long hva() {
    return hva;
  }

  @Override
  public long length() {
    return range.length();
  }

  @Override
  public RegionBacking backing() {
    return opening.physical(hpa, range.length());
  }

  @Override
  public int touch(long offset) {
    if (offset < 0 || offset >= range.length()) {
      return FAULT_SIGBUS;
    }
    int page = (int) (offset / range.pageSize());
    synchronized (present) {
      if (present.get(page)) {
        return FAULT_NOPAGE;
      }
    }
    int result = opening.insertPage() ? FAULT_NOPAGE : FAULT_OOM;
    if (result == FAULT_NOPAGE) {
      synchronized (present) {
        present.set(page);
      }
    }
    long start = (long) page * range.pageSize();
    opening.trace().nvgpuMmapFault(name, hpa + start, hva + offset, result);
    return result;
  }

  @Override
  public void close() {
    synchronized (present) {
      present.clear();
    }
  }
}
