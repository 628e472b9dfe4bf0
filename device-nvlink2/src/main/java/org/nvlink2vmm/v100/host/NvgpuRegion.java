package org.nvlink2vmm.v100.host;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.nvlink2vmm.dt.powernv.HostPciFunction;
import org.nvlink2vmm.dt.powernv.MemoryWindow;
import org.nvlink2vmm.vmm.device.DeviceMemory;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.device.KernelMapping;
import org.nvlink2vmm.vmm.device.SubdriverOpening;
import org.nvlink2vmm.vmm.device.SubdriverRegion;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionAccess;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.SharedArea;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/**
 * Region 9 of a GPU: its coherent memory (vfio_pci_nvgpu_regops).
 *
 * <p>It can be mapped once between open and the last close, whether or not the mapping has ended or
 * ever succeeded. The kernel forgets to bound offset plus length; here such a mapping is refused.
 */
final class NvgpuRegion implements SubdriverRegion {
  /** VFIO_REGION_SUBTYPE_NVIDIA_NVLINK2_RAM. */
  static final int SUBTYPE = 1;

  private final SubdriverOpening opening;
  private final MemoryWindow window;
  private final long tgt;

  /** All of the memory, mapped into the kernel (the v4 patch); null with mainline. */
  private final KernelMapping aperture;

  private boolean mapped;
  private DeviceMemory registration;

  NvgpuRegion(SubdriverOpening opening, MemoryWindow window, long tgt, KernelMapping aperture) {
    this.opening = opening;
    this.window = window;
    this.tgt = tgt;
    this.aperture = aperture;
  }

  @Override
  public RegionCapability.RegionType type() {
    return RegionCapability.RegionType.ofVendor(HostPciFunction.VENDOR_NVIDIA, SUBTYPE);
  }

  @Override
  public long size() {
    return window.size();
  }

  @Override
  public int flags() {
    return RegionInfo.READ | RegionInfo.WRITE | RegionInfo.MMAP;
  }

  @Override
  public List<RegionCapability> capabilities() {
    return List.of(
        opening.abi().draft()
            ? new RegionCapability.Npu2Draft(tgt, 0)
            : new RegionCapability.Nvlink2SsaTarget(tgt));
  }

  @Override
  public RegionBacking backing() {
    return opening.physical(window.base(), window.size());
  }

  /** The lowest part of the window, which is the memory that BAR 1 shows: one store, one file. */
  @Override
  public List<SharedArea> shareable() {
    for (HostFunction.HostBar bar : opening.function().bars()) {
      if (bar.index() == 1
          && bar.backing() instanceof RegionBacking.Direct memory
          && memory.file().isPresent()) {
        long size = Math.min(bar.size(), window.size());
        boolean carried =
            opening.physical(window.base(), size) instanceof RegionBacking.Direct reached
                && reached.segment().address() == memory.segment().address();
        return List.of(new SharedArea(0, size, memory.file().get(), carried));
      }
    }
    return List.of();
  }

  @Override
  public long read(long offset, MemorySegment target) {
    long count = RegionAccess.clip(window.size(), offset, target.byteSize());
    if (count <= 0) {
      return count;
    }
    MemorySegment part = target.asSlice(0, count);
    if (aperture == null) {
      return opening.readPhysical(window.base() + offset, part);
    }
    aperture.read(offset, part);
    return count;
  }

  @Override
  public long write(long offset, MemorySegment source) {
    long count = RegionAccess.clip(window.size(), offset, source.byteSize());
    if (count <= 0) {
      return count;
    }
    MemorySegment part = source.asSlice(0, count);
    if (aperture == null) {
      return opening.writePhysical(window.base() + offset, part);
    }
    aperture.write(offset, part);
    return count;
  }

  @Override
  public RegionMapping mmap(MmapRange range) {
    String name = opening.function().address().toString();
    if (mapped) {
      throw new VfioException(
          Errno.EPERM, name + ": the GPU's memory was mapped before in this open");
    }
    range.requireWithin(name, VfioPciIndex.NUM_REGIONS, window.size());
    mapped = true;
    NvgpuMapping mapping = new NvgpuMapping(opening, window, range);
    try {
      registration = opening.registerDeviceMemory(mapping.hva(), range.length(), window.base());
    } catch (VfioException e) {
      trace(name, mapping, -e.errno().number());
      throw e;
    }
    trace(name, mapping, 0);
    return mapping;
  }

  private void trace(String name, NvgpuMapping mapping, int result) {
    opening.trace().nvgpuMmap(name, window.base(), mapping.hva(), mapping.length(), result);
  }

  @Override
  public void release() {
    if (registration != null) {
      int result = registration.put();
      if (result != 0) {
        opening.log("the registration of the GPU's memory stays: " + result);
      }
    }
    opening.unmapLpar();
    if (aperture != null) {
      aperture.close();
    }
  }
}
