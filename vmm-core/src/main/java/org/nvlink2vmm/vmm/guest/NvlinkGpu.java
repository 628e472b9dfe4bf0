package org.nvlink2vmm.vmm.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * A GPU as the tree ties it to its bridges and its memory.
 *
 * @param memory the node that the first bridge's {@code memory-region} leads to
 */
record NvlinkGpu(GuestFunction gpu, List<NvlinkBridge> bridges, Optional<Node> memory) {
  NvlinkGpu {
    bridges = List.copyOf(bridges);
  }

  /**
   * A bridge of a GPU.
   *
   * @param link the node that {@code ibm,nvlink} leads to
   * @param atsd the launch register of its place in the host bridge's list, 0 for none
   */
  record NvlinkBridge(GuestFunction function, Optional<Node> link, long atsd) {
    int linkIndex() {
      return link.map(node -> node.u32("ibm,npu-link-index"))
          .orElse(OptionalInt.empty())
          .orElse(-1);
    }

    int speed() {
      return function
          .node()
          .map(node -> node.u32("ibm,nvlink-speed"))
          .orElse(OptionalInt.empty())
          .orElse(-1);
    }

    long tgt() {
      return function
          .node()
          .filter(node -> node.has("ibm,device-tgt-addr"))
          .map(node -> node.u64("ibm,device-tgt-addr").orElse(0))
          .orElse(0L);
    }
  }

  /** {@code tgt} of the first bridge; 0 without bridges. */
  long tgt() {
    return bridges.isEmpty() ? 0 : bridges.getFirst().tgt();
  }

  /** The coherent window, where the memory node has a sound {@code reg}. */
  Optional<GuestReport.Memory> window() {
    return memory
        .flatMap(node -> node.property("reg"))
        .filter(reg -> reg.length() == 16)
        .map(reg -> new GuestReport.Memory(reg.cellPair(0), reg.cellPair(2), numaNode()));
  }

  /** The last cell of {@code ibm,associativity}: the id of the node itself in FORM1 and FORM2. */
  private OptionalInt numaNode() {
    Optional<Property> list = memory.flatMap(node -> node.property("ibm,associativity"));
    return list.isPresent() && list.get().cellCount() > 1
        ? OptionalInt.of(list.get().cell(list.get().cellCount() - 1))
        : OptionalInt.empty();
  }

  /**
   * Follows a GPU's {@code ibm,npu} as Linux's pnv_pci_get_npu_dev does: phandle, node, function at
   * the node's {@code reg}; the list ends at the first entry that leads nowhere.
   */
  static NvlinkGpu of(
      GuestFunction gpu, Map<Node, GuestFunction> functionByNode, Map<Integer, Node> phandles) {
    List<NvlinkBridge> bridges = new ArrayList<>();
    Property list =
        gpu.node().flatMap(node -> node.property("ibm,npu")).orElse(Property.empty("ibm,npu"));
    for (int phandle : list.cells()) {
      GuestFunction function = functionByNode.get(phandles.get(phandle));
      if (function == null) {
        break;
      }
      Optional<Node> link = follow(function, "ibm,nvlink", phandles);
      bridges.add(new NvlinkBridge(function, link, atsd(function, link)));
    }
    Optional<Node> memory =
        bridges.isEmpty()
            ? Optional.empty()
            : follow(bridges.getFirst().function(), "memory-region", phandles);
    return new NvlinkGpu(gpu, bridges, memory);
  }

  private static Optional<Node> follow(
      GuestFunction function, String property, Map<Integer, Node> phandles) {
    OptionalInt phandle =
        function.node().map(node -> node.u32(property)).orElse(OptionalInt.empty());
    return phandle.isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(phandles.get(phandle.getAsInt()));
  }

  /** Entry number {@code ibm,npu-link-index} of the list, as Linux's vfio_pci_nvlink2 takes it. */
  private static long atsd(GuestFunction function, Optional<Node> link) {
    Optional<Property> list = function.bridge().node().property("ibm,mmio-atsd");
    OptionalInt index =
        link.map(node -> node.u32("ibm,npu-link-index")).orElse(OptionalInt.empty());
    if (list.isEmpty() || index.isEmpty()) {
      return 0;
    }
    int at = index.getAsInt();
    return at >= 0 && at < list.get().length() / 8 ? list.get().cellPair(2 * at) : 0;
  }
}
