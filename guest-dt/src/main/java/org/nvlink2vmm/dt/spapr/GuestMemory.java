package org.nvlink2vmm.dt.spapr;

import java.util.List;

/**
 * The guest's ordinary memory, from gpa 0 upwards, node after node. QEMU makes one node where the
 * user gives none, so there is always one.
 *
 * @param nodeSizes bytes of NUMA node 0, 1, ...; a node may have none, the first must have some
 * @param rmaSize bytes of the real mode area, the first memory node of the tree
 * @param distances between the nodes
 */
public record GuestMemory(List<Long> nodeSizes, long rmaSize, NumaDistances distances) {
  /** MAX_NODES of QEMU. */
  public static final int MAX_NODES = 128;

  /**
   * @throws Refusal when there are too few or too many nodes
   */
  public GuestMemory {
    nodeSizes = List.copyOf(nodeSizes);
    if (nodeSizes.isEmpty() || nodeSizes.size() > MAX_NODES) {
      throw Refusal.refused(nodeSizes.size() + " guest NUMA nodes, expected 1 to " + MAX_NODES);
    }
    long total = 0;
    for (long size : nodeSizes) {
      total += size;
      if (size < 0 || total < 0 || total > VphbPlacement.PCI_BASE) {
        throw Refusal.refused(
            "guest memory of NUMA nodes reaches into the PCI windows at "
                + Text.hex(VphbPlacement.PCI_BASE));
      }
    }
    if (rmaSize <= 0 || rmaSize > nodeSizes.getFirst()) {
      throw Refusal.refused(
          "real mode area of %s bytes, NUMA node 0 has %s"
              .formatted(Text.hex(rmaSize), Text.hex(nodeSizes.getFirst())));
    }
    if (distances.rows().size() != nodeSizes.size()) {
      throw new IllegalArgumentException(
          distances.rows().size() + " rows of distances for " + nodeSizes.size() + " NUMA nodes");
    }
  }

  /** Nodes of these sizes at the default distances; the real mode area is as large as it can be. */
  public static GuestMemory of(Long... nodeSizes) {
    return of(List.of(nodeSizes));
  }

  /** Nodes of these sizes at the default distances; the real mode area is as large as it can be. */
  public static GuestMemory of(List<Long> nodeSizes) {
    long first = nodeSizes.isEmpty() ? 0 : nodeSizes.getFirst();
    return new GuestMemory(
        nodeSizes, Long.highestOneBit(first), NumaDistances.uniform(nodeSizes.size()));
  }

  public int nodes() {
    return nodeSizes.size();
  }
}
