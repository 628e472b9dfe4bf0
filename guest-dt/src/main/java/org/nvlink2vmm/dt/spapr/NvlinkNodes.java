package org.nvlink2vmm.dt.spapr;

import java.util.HashMap;
import java.util.Map;
import org.nvlink2vmm.dt.tree.Node;

/** Writes what NVLink adds to the tree of a vPHB (QEMU hw/ppc/spapr_pci_nvlink2.c). */
final class NvlinkNodes {
  private final Compat compat;
  private final NvlinkLayout layout;
  private final Associativity associativity;
  private final Map<PlacedFunction, NvlinkSlot> gpus = new HashMap<>();
  private final Map<PlacedFunction, BridgeLink> bridges = new HashMap<>();

  private record BridgeLink(NvlinkSlot slot, NvlinkLink link) {}

  NvlinkNodes(Compat compat, NvlinkLayout layout, Associativity associativity) {
    this.compat = compat;
    this.layout = layout;
    this.associativity = associativity;
    for (NvlinkSlot slot : layout.slots()) {
      gpus.put(slot.gpu(), slot);
      for (NvlinkLink link : slot.links()) {
        bridges.put(link.bridge(), new BridgeLink(slot, link));
      }
    }
  }

  /** The properties of a GPU or bridge in its PCI node; nothing for any other function. */
  void functionProperties(Node node, PlacedFunction placed) {
    NvlinkSlot slot = gpus.get(placed);
    if (slot != null) {
      gpuProperties(node, slot);
    }
    BridgeLink bridge = bridges.get(placed);
    if (bridge != null) {
      bridgeProperties(node, bridge.slot(), bridge.link());
    }
  }

  private void gpuProperties(Node node, NvlinkSlot slot) {
    if (!compat.isCorrected() || !slot.links().isEmpty()) {
      node.setU32("ibm,npu", slot.links().stream().mapToInt(NvlinkLink::bridgePhandle).toArray());
    }
    node.setU32("phandle", slot.gpuPhandle());
  }

  private static void bridgeProperties(Node node, NvlinkSlot slot, NvlinkLink link) {
    node.setU32("phandle", link.bridgePhandle());
    node.setU32("ibm,gpu", slot.gpuPhandle());
    node.setU32("ibm,nvlink", link.linkPhandle());
    node.setU32("memory-region", slot.memoryPhandle());
    node.setU64("ibm,device-tgt-addr", slot.tgt());
    node.setU32("ibm,nvlink-speed", link.speed());
  }

  /** The ATSD registers, in the node of the host bridge. */
  void hostBridgeProperties(Node vphbNode) {
    if (!layout.atsds().isEmpty()) {
      vphbNode.setU64(
          "ibm,mmio-atsd", layout.atsds().stream().mapToLong(Long::longValue).toArray());
    }
  }

  /**
   * The node of the NPU, which exists only so that the links have a parent: Linux looks for links
   * whose parent is compatible {@code ibm,power9-npu}.
   */
  void npu(Node root) {
    if (!layout.exists() || (compat.isCorrected() && layout.links().isEmpty())) {
      return;
    }
    Node npu = root.addChild("npuphb" + layout.vphbIndex());
    npu.setU32("#address-cells", 1);
    npu.setU32("#size-cells", 0);
    npu.setStrings("compatible", "ibm,power9-npu");
    for (NvlinkLink link : layout.links()) {
      link(npu, link);
    }
  }

  private void link(Node npu, NvlinkLink link) {
    // QEMU counts in decimal; where the number says what reg says, it is hexadecimal.
    int index = link.index();
    String address = compat.isCorrected() ? Integer.toHexString(index) : Integer.toString(index);
    Node node = npu.addChild("link@" + address);
    if (compat.isCorrected()) {
      node.setU32("reg", link.index());
    }
    node.setStrings("compatible", "ibm,npu-link");
    node.setU32("phandle", link.linkPhandle());
    node.setU32("ibm,npu-link-index", link.index());
  }

  /**
   * The memory of each GPU. {@code linux,usable-memory} of size 0 keeps the kernel from using it
   * before the driver has trained the links.
   */
  void memory(Node root) {
    for (NvlinkSlot slot : layout.slots()) {
      Node node = root.addChild("memory@" + Long.toHexString(slot.gpa()));
      node.setStrings("device_type", "memory");
      node.setU64("reg", slot.gpa(), slot.size());
      node.setU32("ibm,associativity", associativity.gpu(slot.numaId()));
      node.setStrings("compatible", "ibm,coherent-device-memory");
      node.setU64("linux,usable-memory", slot.gpa(), 0);
      node.setU32("phandle", slot.memoryPhandle());
    }
  }
}
