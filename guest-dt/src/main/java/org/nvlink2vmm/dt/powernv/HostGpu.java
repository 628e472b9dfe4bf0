package org.nvlink2vmm.dt.powernv;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.nvlink2vmm.dt.tree.Node;

/** A GPU: a PCI function of vendor 0x10de, whatever its device id and class. */
public record HostGpu(PowernvTree host, Node node, HostBdf bdf) implements HostPciFunction {
  /** Cell {@code index} of {@code ibm,npu}; empty when the list is shorter. */
  public OptionalInt npuPhandle(int index) {
    return PowernvTree.cell(node, "ibm,npu", index);
  }

  /**
   * The PCI function that {@code ibm,npu} names at {@code index} (Linux {@code
   * pnv_pci_get_npu_dev}): any function that exists there, a bridge on a sound host.
   */
  public Optional<HostPciFunction> npuFunction(int index) {
    return host.functionAt(npuPhandle(index));
  }

  /** The bridges of this GPU in link order, up to the first entry that names no bridge. */
  public List<HostBridge> bridges() {
    List<HostBridge> bridges = new ArrayList<>();
    while (npuFunction(bridges.size()).orElse(null) instanceof HostBridge bridge) {
      bridges.add(bridge);
    }
    return bridges;
  }

  /** The NPU behind the first link. */
  public Optional<HostNpu> npu() {
    return npuFunction(0).filter(HostBridge.class::isInstance).map(f -> ((HostBridge) f).npu());
  }

  /** The GPU's memory, as its first bridge tells. */
  public Optional<GpuMemory> memory() {
    return npuFunction(0)
        .filter(HostBridge.class::isInstance)
        .flatMap(f -> ((HostBridge) f).memory());
  }

  /** Number of entries in {@code ibm,nvlink-peers}, one a GPU link; 0 before skiboot 6.3. */
  public int peerCount() {
    return node.property("ibm,nvlink-peers").map(p -> p.cellCount()).orElse(0);
  }

  /** The other end of GPU link {@code link}: a GPU or a bridge. */
  public Optional<HostPciFunction> peer(int link) {
    return host.functionAt(PowernvTree.cell(node, "ibm,nvlink-peers", link));
  }

  /**
   * The label that ties the GPU to its links: its own {@code ibm,loc-code}, else the nearest {@code
   * ibm,slot-label} or {@code ibm,loc-code} above it inside its host bridge.
   */
  public Optional<String> slotLabel() {
    Optional<String> label = locCode();
    Node above = node.parent().orElse(null);
    while (label.isEmpty() && above != null && !host.isHostBridge(above)) {
      label = above.string("ibm,slot-label");
      if (label.isEmpty()) {
        label = above.string("ibm,loc-code");
      }
      above = above.parent().orElse(null);
    }
    return label;
  }

  @Override
  public String toString() {
    return bdf + " " + node;
  }
}
