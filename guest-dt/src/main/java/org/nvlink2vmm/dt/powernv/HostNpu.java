package org.nvlink2vmm.dt.powernv;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * An NPU as Linux sees it: the virtual PCI host bridge of one chip, compatible with {@code
 * ibm,power9-npu-pciex} (skiboot hw/npu2.c).
 *
 * @param node the host bridge
 * @param domain its PCI domain, the low 16 bits of {@code ibm,opal-phbid}
 */
public record HostNpu(PowernvTree host, Node node, int domain) {
  /** {@code compatible} of the host bridge. */
  public static final String COMPATIBLE = "ibm,power9-npu-pciex";

  /** {@code ibm,npu-index}: counts the NPUs of the host. */
  public OptionalInt index() {
    return node.u32("ibm,npu-index");
  }

  /** {@code ibm,chip-id}, its own or the nearest above it. */
  public OptionalInt chipId() {
    return PowernvTree.inherited(node, "ibm,chip-id");
  }

  /** First window of {@code reg}: the NPU's registers. */
  public Optional<MemoryWindow> registers() {
    return window("reg");
  }

  /** {@code ibm,mmio-window}: where the bridges' BARs lie, bus addresses being the same. */
  public Optional<MemoryWindow> mmioWindow() {
    return window("ibm,mmio-window");
  }

  private Optional<MemoryWindow> window(String propertyName) {
    return node.property(propertyName)
        .filter(property -> property.length() >= 16)
        .map(property -> new MemoryWindow(property.cellPair(0), property.cellPair(2)));
  }

  /** Number of whole entries in {@code ibm,mmio-atsd}. */
  public int atsdCount() {
    return node.property("ibm,mmio-atsd").map(property -> property.length() / 8).orElse(0);
  }

  /**
   * Physical address of ATSD register set {@code index}; empty when the list is shorter, as for the
   * kernel's {@code of_property_read_u64_index}. Never negative indexes: {@code ibm,npu-link-index}
   * is a u32 that may hold anything, so an index is taken as unsigned.
   */
  public OptionalLong atsd(int index) {
    Optional<Property> list = node.property("ibm,mmio-atsd");
    if (list.isEmpty() || Integer.compareUnsigned(index, atsdCount()) >= 0) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(list.get().cellPair(2 * index));
  }

  /** {@code ibm,opal-num-pes}: 16, from skiboot 6.3 on 8. */
  public OptionalInt peCount() {
    return node.u32("ibm,opal-num-pes");
  }

  /** {@code ibm,npcq}: the node of the NPU unit itself, under its chip's {@code xscom}. */
  public Optional<Node> unit() {
    return host.byPhandle(node.u32("ibm,npcq"));
  }

  /** The unit's links, in tree order. */
  public List<HostLink> links() {
    return unit().stream()
        .flatMap(unit -> unit.children().stream())
        .map(HostLink::new)
        .filter(HostLink::isCompatible)
        .toList();
  }

  /** The bridges under this host bridge, in tree order. */
  public List<HostBridge> bridges() {
    return host.bridges().stream().filter(bridge -> bridge.npu().node() == node).toList();
  }

  /** The GPUs that the bridges name, each once, in the order in which they are first named. */
  public List<HostGpu> gpus() {
    List<HostGpu> gpus = new ArrayList<>();
    for (HostBridge bridge : bridges()) {
      bridge.gpu().filter(gpu -> !gpus.contains(gpu)).ifPresent(gpus::add);
    }
    return gpus;
  }

  @Override
  public String toString() {
    return node.toString();
  }
}
