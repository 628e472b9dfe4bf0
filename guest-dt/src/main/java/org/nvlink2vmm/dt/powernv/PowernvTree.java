package org.nvlink2vmm.dt.powernv;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.DeviceTreeException;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * A host's device tree with its PCI functions found and placed.
 *
 * <p>The functions and phandles are collected once, when the object is made; properties are read
 * when asked for. A tree whose nodes or phandles change afterwards needs a new object.
 */
public final class PowernvTree {
  /** {@code MAX_PHBS} - 1 of Linux arch/powerpc/kernel/pci-common.c: the bits of a domain. */
  private static final int DOMAIN_MASK = 0xffff;

  /** {@code compatible} strings for which powernv Linux makes a PCI host bridge. */
  private static final Set<String> HOST_BRIDGES =
      Set.of(
          "ibm,ioda2-phb",
          "ibm,ioda3-phb",
          "ibm,ioda2-npu-phb",
          "ibm,ioda2-npu2-phb",
          "ibm,ioda2-npu2-opencapi-phb",
          "ibm,power9-pciex",
          HostNpu.COMPATIBLE);

  private final DeviceTree tree;
  private final Map<Integer, Node> phandles;
  private final List<HostNpu> npus = new ArrayList<>();
  private final List<HostPciFunction> functions = new ArrayList<>();
  private final List<HostGpu> gpus = new ArrayList<>();
  private final List<HostBridge> bridges = new ArrayList<>();
  private final Map<Node, HostPciFunction> functionByNode = new HashMap<>();
  private final Map<HostBdf, HostPciFunction> functionByBdf = new HashMap<>();
  private final Map<Integer, Node> hostBridgeByDomain = new HashMap<>();
  private final List<String> remarks = new ArrayList<>();

  /**
   * Looks through {@code tree}.
   *
   * @throws DeviceTreeException when two host bridges have one domain or two PCI functions one
   *     address
   */
  public PowernvTree(DeviceTree tree) {
    this.tree = tree;
    phandles = tree.phandles();
    for (Node node : tree.nodes()) {
      if (isHostBridge(node)) {
        addHostBridge(node);
      }
    }
  }

  public DeviceTree tree() {
    return tree;
  }

  /** The NPUs in tree order. */
  public List<HostNpu> npus() {
    return Collections.unmodifiableList(npus);
  }

  /** All PCI functions in tree order. */
  public List<HostPciFunction> functions() {
    return Collections.unmodifiableList(functions);
  }

  /** The functions of vendor 0x10de in tree order. */
  public List<HostGpu> gpus() {
    return Collections.unmodifiableList(gpus);
  }

  /** The functions 1014:04ea under an NPU in tree order. */
  public List<HostBridge> bridges() {
    return Collections.unmodifiableList(bridges);
  }

  /** The memory nodes of GPUs in tree order: those compatible with coherent device memory. */
  public List<GpuMemory> gpuMemories() {
    List<GpuMemory> memories = new ArrayList<>();
    for (Node node : tree.nodes()) {
      GpuMemory memory = new GpuMemory(node);
      if (memory.isCompatible()) {
        memories.add(memory);
      }
    }
    return memories;
  }

  /** The function at a PCI address. */
  public Optional<HostPciFunction> function(HostBdf bdf) {
    return Optional.ofNullable(functionByBdf.get(bdf));
  }

  /** The function that a node describes. */
  public Optional<HostPciFunction> function(Node node) {
    return Optional.ofNullable(functionByNode.get(node));
  }

  /** The node with this phandle; empty for an empty phandle, too. */
  public Optional<Node> byPhandle(OptionalInt phandle) {
    return phandle.isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(phandles.get(phandle.getAsInt()));
  }

  /** What was left out and why, one sentence each: host bridges without a domain and the like. */
  public List<String> remarks() {
    return Collections.unmodifiableList(remarks);
  }

  Optional<HostPciFunction> functionAt(OptionalInt phandle) {
    return byPhandle(phandle).flatMap(this::function);
  }

  boolean isHostBridge(Node node) {
    return node.property("compatible")
        .map(property -> property.strings().stream().anyMatch(HOST_BRIDGES::contains))
        .orElse(false);
  }

  private void addHostBridge(Node node) {
    if (node.u64("ibm,opal-phbid").isEmpty()) {
      remarks.add(
          "%s: no ibm,opal-phbid of two cells, so its functions have no PCI domain and are left out"
              .formatted(node));
      return;
    }
    int domain = (int) node.u64("ibm,opal-phbid").getAsLong() & DOMAIN_MASK;
    Node other = hostBridgeByDomain.putIfAbsent(domain, node);
    if (other != null) {
      throw new DeviceTreeException(
          "%s: ibm,opal-phbid gives PCI domain %04x, which %s has already"
              .formatted(node, domain, other));
    }
    HostNpu npu = node.isCompatible(HostNpu.COMPATIBLE) ? new HostNpu(this, node, domain) : null;
    if (npu != null) {
      npus.add(npu);
    }
    addFunctionsBelow(node, domain, npu);
  }

  private void addFunctionsBelow(Node hostBridge, int domain, HostNpu npu) {
    Deque<Node> open = new ArrayDeque<>(hostBridge.children());
    while (!open.isEmpty()) {
      Node node = open.pop();
      if (isHostBridge(node)) {
        continue;
      }
      addFunction(node, domain, npu);
      node.children().reversed().forEach(open::push);
    }
  }

  private void addFunction(Node node, int domain, HostNpu npu) {
    if (node.u32("reg").isEmpty()) {
      remarks.add("%s: no reg, so it has no PCI address and is left out".formatted(node));
      return;
    }
    HostBdf bdf = HostBdf.ofRegCell(domain, node.u32("reg").getAsInt());
    HostPciFunction function = functionOf(node, bdf, npu);
    HostPciFunction other = functionByBdf.putIfAbsent(bdf, function);
    if (other != null) {
      throw new DeviceTreeException(
          "%s: reg gives PCI address %s, which %s has already".formatted(node, bdf, other.node()));
    }
    functionByNode.put(node, function);
    functions.add(function);
  }

  private HostPciFunction functionOf(Node node, HostBdf bdf, HostNpu npu) {
    int vendor = node.u32("vendor-id").orElse(0);
    int device = node.u32("device-id").orElse(0);
    if (vendor == HostPciFunction.VENDOR_NVIDIA) {
      HostGpu gpu = new HostGpu(this, node, bdf);
      gpus.add(gpu);
      return gpu;
    }
    if (npu != null
        && vendor == HostPciFunction.VENDOR_IBM
        && device == HostPciFunction.DEVICE_NPU2_BRIDGE) {
      HostBridge bridge = new HostBridge(this, npu, node, bdf);
      bridges.add(bridge);
      return bridge;
    }
    return new HostOtherFunction(this, node, bdf);
  }

  /** Cell {@code index} of a property; empty when the property is absent or shorter. */
  static OptionalInt cell(Node node, String propertyName, int index) {
    Property property = node.property(propertyName).orElse(null);
    return property == null || index < 0 || index >= property.cellCount()
        ? OptionalInt.empty()
        : OptionalInt.of(property.cell(index));
  }

  /** A u32 property of the node or of the nearest node above that has it. */
  static OptionalInt inherited(Node node, String propertyName) {
    OptionalInt value = node.u32(propertyName);
    Optional<Node> above = node.parent();
    while (value.isEmpty() && above.isPresent()) {
      value = above.get().u32(propertyName);
      above = above.get().parent();
    }
    return value;
  }
}
