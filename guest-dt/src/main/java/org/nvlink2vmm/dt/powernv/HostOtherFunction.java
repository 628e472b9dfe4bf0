package org.nvlink2vmm.dt.powernv;

import org.nvlink2vmm.dt.tree.Node;

/**
 * A PCI function that is neither a GPU nor an NVLink bridge: a root port, a switch port, a disk.
 */
public record HostOtherFunction(PowernvTree host, Node node, HostBdf bdf)
    implements HostPciFunction {
  @Override
  public String toString() {
    return bdf + " " + node;
  }
}
