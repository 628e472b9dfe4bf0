package org.nvlink2vmm.vmm.vfio;

import java.util.List;
import java.util.Optional;

/**
 * What VFIO_DEVICE_GET_REGION_INFO says of a region.
 *
 * @param flags {@link #READ}, {@link #WRITE}, {@link #MMAP}; {@link #CAPS} follows from the list
 *     and is not kept here
 * @param size bytes, 0 for a region that does not exist
 * @param offset where the region starts in the device's file, bytes
 * @param capabilities in the order of the chain
 */
public record RegionInfo(
    int index, int flags, long size, long offset, List<RegionCapability> capabilities) {
  /** VFIO_REGION_INFO_FLAG_READ. */
  public static final int READ = 1;

  /** VFIO_REGION_INFO_FLAG_WRITE. */
  public static final int WRITE = 2;

  /** VFIO_REGION_INFO_FLAG_MMAP. */
  public static final int MMAP = 4;

  /** VFIO_REGION_INFO_FLAG_CAPS. */
  public static final int CAPS = 8;

  public RegionInfo {
    capabilities = List.copyOf(capabilities);
  }

  /** The first capability of a kind. */
  public <T extends RegionCapability> Optional<T> capability(Class<T> kind) {
    return capabilities.stream().filter(kind::isInstance).map(kind::cast).findFirst();
  }

  public boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
