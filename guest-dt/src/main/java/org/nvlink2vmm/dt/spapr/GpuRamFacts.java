package org.nvlink2vmm.dt.spapr;

/**
 * A GPU whose RAM is a VFIO region (type 0x800010de, subtype 1).
 *
 * @param tgt the GPU's address in the host's NVLink address map, from the region's SSATGT
 *     capability; 0 means no NVLink
 * @param size bytes of the region: on reference firmware the 128 GiB aperture, whatever the RAM
 */
public record GpuRamFacts(long tgt, long size) implements NvlinkFacts {
  public GpuRamFacts {
    if (size <= 0) {
      throw new IllegalArgumentException("GPU RAM region of " + Text.hex(size) + " bytes");
    }
  }
}
