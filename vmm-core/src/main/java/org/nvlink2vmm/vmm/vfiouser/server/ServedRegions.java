package org.nvlink2vmm.vmm.vfiouser.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionInfoCodec;
import org.nvlink2vmm.vmm.vfio.SharedArea;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/**
 * A device's regions as a client sees them. A region can be mapped only when its bytes are in a
 * file that can be given away: MMAP and the areas to map are taken back from all others, so that
 * registers always trap. For device-specific regions that is looked at whenever a client asks,
 * since a GPU's memory comes and goes with its links. A region that the device refuses to describe
 * (vfio-pci does so for VGA) is one of size 0, since clients look at no error here.
 */
final class ServedRegions {
  private final VfioDevice device;
  private final ServerOptions.MapMemory mapMemory;
  private final Region[] regions;

  /** A region: what is said of it, the same as bytes, and the file to hand out. */
  static final class Region {
    private final RegionInfo info;
    private final byte[] encoded;
    private final Optional<RegionBacking.SharedFile> file;

    Region(RegionInfo info, Optional<RegionBacking.SharedFile> file) {
      this.info = info;
      this.encoded = RegionInfoCodec.encode(info);
      this.file = file;
    }

    RegionInfo info() {
      return info;
    }

    /** The complete answer to GET_REGION_INFO: 32 bytes and the capabilities. */
    byte[] encoded() {
      return encoded;
    }

    Optional<OwnedFd> file() {
      return file.map(RegionBacking.SharedFile::fd);
    }
  }

  ServedRegions(VfioDevice device, ServerOptions.MapMemory mapMemory) {
    this.device = device;
    this.mapMemory = mapMemory;
    regions = new Region[device.info().numRegions()];
    for (int index = 0; index < regions.length; index++) {
      regions[index] = region(device, index);
    }
  }

  private static Region region(VfioDevice device, int index) {
    RegionInfo info;
    Optional<RegionBacking.SharedFile> file;
    try {
      info = device.regionInfo(index);
      file = file(device, info);
    } catch (VfioException e) {
      info = new RegionInfo(index, 0, 0, 0, List.of());
      file = Optional.empty();
    }
    RegionInfo served = served(info, file);
    return new Region(served, file);
  }

  private static Optional<RegionBacking.SharedFile> file(VfioDevice device, RegionInfo info) {
    return info.has(RegionInfo.MMAP)
            && info.index() < VfioPciIndex.NUM_REGIONS
            && device.backing(info.index()) instanceof RegionBacking.Direct direct
        ? direct.file()
        : Optional.empty();
  }

  private static RegionInfo served(RegionInfo info, Optional<RegionBacking.SharedFile> file) {
    if (info.size() == 0) {
      return new RegionInfo(info.index(), 0, 0, 0, List.of());
    }
    if (file.isPresent()) {
      return new RegionInfo(
          info.index(), info.flags(), info.size(), file.get().offset(), info.capabilities());
    }
    List<RegionCapability> kept = new ArrayList<>(info.capabilities());
    kept.removeIf(
        capability ->
            capability instanceof RegionCapability.SparseMmap
                || capability instanceof RegionCapability.MsixMappable);
    return new RegionInfo(
        info.index(), info.flags() & ~RegionInfo.MMAP, info.size(), info.offset(), kept);
  }

  int count() {
    return regions.length;
  }

  boolean exists(int index) {
    return Integer.compareUnsigned(index, regions.length) < 0;
  }

  RegionInfo info(int index) {
    return regions[index].info;
  }

  /** A region as GET_REGION_INFO tells of it now. */
  Region answer(int index) {
    Region region = regions[index];
    if (index < VfioPciIndex.NUM_REGIONS || mapMemory == ServerOptions.MapMemory.NEVER) {
      return region;
    }
    List<SharedArea> areas = areas(index);
    return areas.isEmpty() ? region : mappable(region.info, areas);
  }

  /** What of a region may be mapped: areas of one file, each where its place in the region says. */
  private List<SharedArea> areas(int index) {
    List<SharedArea> areas = new ArrayList<>();
    if (!device.regionInfo(index).has(RegionInfo.MMAP)) {
      return areas;
    }
    for (SharedArea area : device.shareable(index)) {
      RegionBacking.SharedFile first = areas.isEmpty() ? area.file() : areas.getFirst().file();
      long base = areas.isEmpty() ? base(area) : base(areas.getFirst());
      if ((area.reachable() || mapMemory == ServerOptions.MapMemory.ALWAYS)
          && area.file().fd().equals(first.fd())
          && base >= 0
          && base(area) == base) {
        areas.add(area);
      }
    }
    return areas;
  }

  /** Where in the file the region would begin. */
  private static long base(SharedArea area) {
    return area.file().offset() - area.offset();
  }

  private static Region mappable(RegionInfo info, List<SharedArea> areas) {
    List<RegionCapability> capabilities = new ArrayList<>(info.capabilities());
    SharedArea first = areas.getFirst();
    if (first.offset() != 0 || first.size() != info.size()) {
      capabilities.add(
          new RegionCapability.SparseMmap(
              areas.stream()
                  .map(area -> new RegionCapability.SparseMmap.Area(area.offset(), area.size()))
                  .toList()));
    }
    RegionInfo said =
        new RegionInfo(
            info.index(), info.flags() | RegionInfo.MMAP, info.size(), base(first), capabilities);
    return new Region(
        said, Optional.of(new RegionBacking.SharedFile(first.file().fd(), base(first))));
  }

  /** Whether a client could map anything, now or later. */
  boolean anyMappable() {
    for (int index = 0; index < regions.length; index++) {
      boolean specific = index >= VfioPciIndex.NUM_REGIONS;
      if (regions[index].file.isPresent()
          || (specific
              && mapMemory != ServerOptions.MapMemory.NEVER
              && !device.shareable(index).isEmpty())) {
        return true;
      }
    }
    return false;
  }
}
