package org.nvlink2vmm.vmm.device;

import java.util.OptionalInt;

/** What a VFIO device is on NVLink, as found in its regions and their capabilities. */
public sealed interface NvlinkFacet {
  /** The NPU's address for the GPU; a GPU and its bridges have the same. 0: no NVLink. */
  long tgt();

  /**
   * A GPU with coherent memory.
   *
   * @param region index of the VFIO region that is the memory
   * @param size bytes
   */
  record GpuRam(long tgt, int region, long size) implements NvlinkFacet {}

  /**
   * A link's bridge.
   *
   * @param linkSpeed code of VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD
   * @param region index of the VFIO region that is the ATSD page; empty when it has size 0
   * @param size bytes, 0 when there is none
   */
  record AtsdLink(long tgt, int linkSpeed, OptionalInt region, long size) implements NvlinkFacet {}
}
