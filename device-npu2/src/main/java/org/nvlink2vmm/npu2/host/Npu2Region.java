package org.nvlink2vmm.npu2.host;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostPciFunction;
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
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * Region 9 of a bridge: one page of ATSD registers (vfio_pci_npu2_regops), or nothing where the
 * host has none for the link. The kernel then maps physical page 0; here the mapping is refused.
 */
final class Npu2Region implements SubdriverRegion {
  /** VFIO_REGION_SUBTYPE_IBM_NVLINK2_ATSD. */
  static final int SUBTYPE = 1;

  private final SubdriverOpening opening;
  private final long atsd;
  private final long tgt;
  private final int linkSpeed;
  private final Optional<KernelMapping> registers;
  private final RegionBacking backing;
  private final long size;

  Npu2Region(
      SubdriverOpening opening,
      long atsd,
      long tgt,
      int linkSpeed,
      Optional<KernelMapping> registers) {
    this.opening = opening;
    this.atsd = atsd;
    this.tgt = tgt;
    this.linkSpeed = linkSpeed;
    this.registers = registers;
    backing = registers.map(KernelMapping::backing).orElse(new RegionBacking.None());
    size = registers.isPresent() ? opening.pageSize() : 0;
  }

  @Override
  public RegionCapability.RegionType type() {
    return RegionCapability.RegionType.ofVendor(HostPciFunction.VENDOR_IBM, SUBTYPE);
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public int flags() {
    return RegionInfo.READ | RegionInfo.WRITE | RegionInfo.MMAP;
  }

  @Override
  public List<RegionCapability> capabilities() {
    List<RegionCapability> chain = new ArrayList<>();
    if (opening.abi().draft()) {
      chain.add(new RegionCapability.Npu2Draft(tgt, linkSpeed));
    } else {
      chain.add(new RegionCapability.Nvlink2SsaTarget(tgt));
      chain.add(new RegionCapability.Nvlink2LinkSpeed(linkSpeed));
    }
    return chain;
  }

  @Override
  public RegionBacking backing() {
    return backing;
  }

  @Override
  public long read(long offset, MemorySegment target) {
    return RegionAccess.read(backing, size, RegionAccess.COPY_WIDTH, offset, target);
  }

  @Override
  public long write(long offset, MemorySegment source) {
    return RegionAccess.write(backing, size, RegionAccess.COPY_WIDTH, offset, source);
  }

  @Override
  public RegionMapping mmap(MmapRange range) {
    String name = opening.function().address().toString();
    if (range.length() != opening.pageSize() || size == 0) {
      throw new VfioException(
          Errno.EINVAL,
          "%s: mmap of 0x%x bytes of the ATSD registers, which have 0x%x"
              .formatted(name, range.length(), size));
    }
    Npu2Mapping mapping = new Npu2Mapping(opening.userAddress(range.length()), range, backing);
    opening.trace().npu2Mmap(name, atsd, mapping.hva(), mapping.length(), 0);
    return mapping;
  }

  @Override
  public void release() {
    registers.ifPresent(KernelMapping::close);
  }

  /** The page, all of it there at once, whatever the offset that was asked for. */
  private record Npu2Mapping(long hva, MmapRange range, RegionBacking backing)
      implements RegionMapping {
    @Override
    public long length() {
      return range.length();
    }

    @Override
    public int touch(long offset) {
      return offset >= 0 && offset < range.length() ? FAULT_NOPAGE : FAULT_SIGBUS;
    }

    @Override
    public void close() {}
  }
}
