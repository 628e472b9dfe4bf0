package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;

/** A VFIO region as a piece of a guest's address space. */
public final class RegionMemory {
  private RegionMemory() {}

  /**
   * The memory region that shows a VFIO region: bytes where they can be touched, registers
   * elsewhere. With a sparse capability only the areas are touched, what lies between goes through
   * the device's file.
   *
   * @param name for people
   * @throws VfioException EPROTO for a region whose size is not positive, or areas outside it
   */
  public static MemoryRegion of(VfioDevice device, RegionInfo info, String name) {
    if (info.size() <= 0) {
      throw new VfioException(
          Errno.EPROTO, "%s has 0x%x bytes and cannot be shown".formatted(name, info.size()));
    }
    return switch (device.backing(info.index())) {
      case RegionBacking.Direct direct -> bytes(device, info, name, direct.segment());
      case RegionBacking.Trapped trapped ->
          new MemoryRegion.Mmio(name, info.size(), trapped.rules(), trapped.handler());
      case RegionBacking.None _ -> calls(device, info, name);
    };
  }

  private static MemoryRegion bytes(
      VfioDevice device, RegionInfo info, String name, MemorySegment segment) {
    RegionCapability.SparseMmap sparse =
        info.capability(RegionCapability.SparseMmap.class).orElse(null);
    if (sparse == null && segment.byteSize() == info.size()) {
      return new MemoryRegion.RamDevice(name, segment);
    }
    MemoryRegion.Container container = new MemoryRegion.Container(name, info.size());
    try (MemoryTransaction change = new AddressSpace(name, info.size()).change()) {
      change.map(container, 0, calls(device, info, name + " gaps"), -1);
      if (sparse == null) {
        long size = Math.min(segment.byteSize(), info.size());
        change.map(container, 0, new MemoryRegion.RamDevice(name, segment.asSlice(0, size)));
      } else {
        for (RegionCapability.SparseMmap.Area area : sparse.areas()) {
          if (area.size() != 0) {
            change.map(container, area.offset(), area(name, segment, area));
          }
        }
      }
    }
    return container;
  }

  private static MemoryRegion area(
      String name, MemorySegment segment, RegionCapability.SparseMmap.Area area) {
    if (area.offset() < 0
        || area.size() < 0
        || area.size() > segment.byteSize()
        || area.offset() > segment.byteSize() - area.size()) {
      throw new VfioException(
          Errno.EPROTO,
          "%s: sparse area of 0x%x bytes at 0x%x, the region has 0x%x"
              .formatted(name, area.size(), area.offset(), segment.byteSize()));
    }
    return new MemoryRegion.RamDevice(name, segment.asSlice(area.offset(), area.size()));
  }

  private static MemoryRegion calls(VfioDevice device, RegionInfo info, String name) {
    return new MemoryRegion.Mmio(
        name, info.size(), AccessRules.ANY_LITTLE, RegionHandler.calling(device, info.index()));
  }
}
