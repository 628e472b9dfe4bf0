package org.nvlink2vmm.vmm.vfio;

import java.util.Optional;

/** Finds regions by what they are. */
public final class VfioRegions {
  /** The most regions that are looked at, whatever a device claims to have. */
  private static final int LIMIT = 256;

  private VfioRegions() {}

  /**
   * The first region of a type, asked for through the bytes of {@link RegionInfoCodec} in index
   * order. Regions that answer an error or nonsense are passed over, as QEMU does (hw/vfio
   * vfio_get_dev_region_info): a device without the region is still a device.
   *
   * @param type vendor type, such as {@link RegionCapability#PCI_VENDOR_TYPE} | 0x10de
   */
  public static Optional<RegionInfo> find(VfioDevice device, int type, int subtype) {
    int count = Math.min(device.info().numRegions(), LIMIT);
    for (int index = 0; index < count; index++) {
      Optional<RegionInfo> info = ask(device, index);
      if (info.flatMap(i -> i.capability(RegionCapability.RegionType.class))
          .filter(found -> found.type() == type && found.subtype() == subtype)
          .isPresent()) {
        return info;
      }
    }
    return Optional.empty();
  }

  private static Optional<RegionInfo> ask(VfioDevice device, int index) {
    try {
      return Optional.of(RegionInfoCodec.query(device, index));
    } catch (VfioException _) {
      return Optional.empty();
    }
  }
}
