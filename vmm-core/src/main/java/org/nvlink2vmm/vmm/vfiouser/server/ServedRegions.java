package org.nvlink2vmm.vmm.vfiouser.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionInfoCodec;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * A device's regions as a client sees them. A region can be mapped only when its bytes are in a
 * file that can be given away: MMAP and the areas to map are taken back from all others, so that
 * registers always trap. A region that the device refuses to describe (vfio-pci does so for VGA) is
 * one of size 0, since clients look at no error here.
 */
final class ServedRegions {
  private final Region[] regions;

  /** A region: what is said of it, the same as bytes, and the file to hand out. */
  private static final class Region {
    private final RegionInfo info;
    private final byte[] encoded;
    private final Optional<RegionBacking.SharedFile> file;

    Region(RegionInfo info, Optional<RegionBacking.SharedFile> file) {
      this.info = info;
      this.encoded = RegionInfoCodec.encode(info);
      this.file = file;
    }
  }

  ServedRegions(VfioDevice device) {
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

  /** The complete answer to GET_REGION_INFO: 32 bytes and the capabilities. */
  byte[] encoded(int index) {
    return regions[index].encoded;
  }

  Optional<RegionBacking.SharedFile> file(int index) {
    return regions[index].file;
  }

  /** Whether a client has been able to map anything. */
  boolean anyMappable() {
    for (Region region : regions) {
      if (region.file.isPresent()) {
        return true;
      }
    }
    return false;
  }
}
