package org.nvlink2vmm.vmm.vfio;

import java.util.List;

/**
 * A part of a region whose bytes are in a file that another process can map.
 *
 * @param offset in the region, bytes, a multiple of the page size
 * @param size bytes, whole pages
 * @param file where the first byte is
 * @param reachable whether an access to the region gets to the bytes now; false while something
 *     that can change, such as a link, is in between, and the region then answers otherwise
 */
public record SharedArea(long offset, long size, RegionBacking.SharedFile file, boolean reachable) {
  /** The whole of a region that is a file's bytes; nothing for any other. */
  static List<SharedArea> of(RegionBacking backing, long size) {
    return backing instanceof RegionBacking.Direct direct && size > 0
        ? direct.file().map(file -> new SharedArea(0, size, file, true)).stream().toList()
        : List.of();
  }
}
