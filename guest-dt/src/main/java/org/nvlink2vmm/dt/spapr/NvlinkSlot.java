package org.nvlink2vmm.dt.spapr;

import java.util.List;

/**
 * A GPU with its place in guest memory and its links.
 *
 * @param number number of the slot on its vPHB
 * @param tgt the target address that the GPU and its bridges share
 * @param gpu the GPU function
 * @param gpa where its RAM region is in guest memory
 * @param size bytes of that region
 * @param numaId the NUMA node of that memory
 * @param gpuPhandle of the GPU's node
 * @param memoryPhandle of the memory node
 * @param links its bridges in bus order
 */
public record NvlinkSlot(
    int number,
    long tgt,
    PlacedFunction gpu,
    long gpa,
    long size,
    int numaId,
    int gpuPhandle,
    int memoryPhandle,
    List<NvlinkLink> links) {

  public NvlinkSlot {
    links = List.copyOf(links);
  }
}
