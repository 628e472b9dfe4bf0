package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * A tree with what the rules ask for again and again. Nothing is found by the name of a node except
 * where a kernel does so ({@code /rtas}, {@code /cpus}, {@code /chosen}).
 */
final class GuestTree {
  static final String COHERENT_MEMORY = "ibm,coherent-device-memory";
  static final String LINK = "ibm,npu-link";
  static final String NPU = "ibm,power9-npu";

  private static final List<String> BRIDGE_PROPERTIES =
      List.of("ibm,gpu", "ibm,nvlink", "ibm,device-tgt-addr", "ibm,nvlink-speed");

  private final DeviceTree tree;
  private final List<Node> nodes = new ArrayList<>();
  private final Phandles phandles;
  private final Map<Node, Node> hostBridgeOf = new HashMap<>();
  private final Set<Node> hostBridges = new LinkedHashSet<>();
  private final Set<Node> bridges = new LinkedHashSet<>();
  private final Set<Node> gpus = new LinkedHashSet<>();
  private final Set<Node> links = new LinkedHashSet<>();
  private final Set<Node> gpuMemories = new LinkedHashSet<>();
  private final Map<Node, Set<Node>> listedBridges = new HashMap<>();
  private final Affinity affinity;

  GuestTree(DeviceTree tree) {
    this.tree = tree;
    phandles = Phandles.of(tree);
    for (Node node : tree.nodes()) {
      nodes.add(node);
      placeUnderHostBridge(node);
      classify(node);
    }
    addReferenced();
    affinity = Affinity.of(tree);
  }

  private void placeUnderHostBridge(Node node) {
    Node above = node.parent().map(hostBridgeOf::get).orElse(null);
    if (above != null) {
      hostBridgeOf.put(node, above);
    } else if (node.parent().isPresent() && isPciBus(node)) {
      hostBridgeOf.put(node, node);
      hostBridges.add(node);
    }
  }

  private static boolean isPciBus(Node node) {
    String type = node.string("device_type").orElse("");
    return type.equals("pci") || type.equals("pciex") || node.isCompatible("IBM,Logical_PHB");
  }

  private void classify(Node node) {
    if (BRIDGE_PROPERTIES.stream().anyMatch(node::has)) {
      bridges.add(node);
    }
    if (node.has("ibm,npu")) {
      gpus.add(node);
    }
    if (node.isCompatible(LINK)) {
      links.add(node);
    }
    if (node.isCompatible(COHERENT_MEMORY)) {
      gpuMemories.add(node);
    }
  }

  /** What a sound neighbour points to belongs to the set even if it has lost its own properties. */
  private void addReferenced() {
    for (Node gpu : gpus) {
      Set<Node> listed = new LinkedHashSet<>();
      targets(gpu, "ibm,npu").forEach(target -> target.ifPresent(listed::add));
      listedBridges.put(gpu, listed);
      listed.stream().filter(this::isFunction).forEach(bridges::add);
    }
    for (Node bridge : bridges) {
      target(bridge, "ibm,gpu").filter(this::isFunction).ifPresent(gpus::add);
      target(bridge, "memory-region").ifPresent(gpuMemories::add);
    }
  }

  DeviceTree tree() {
    return tree;
  }

  /** All nodes in tree order. */
  List<Node> nodes() {
    return Collections.unmodifiableList(nodes);
  }

  Phandles phandles() {
    return phandles;
  }

  Affinity affinity() {
    return affinity;
  }

  /** The PCI host bridges. */
  Set<Node> hostBridges() {
    return hostBridges;
  }

  /** The NVLink bridges: nodes with a property of such, or named by a GPU. */
  Set<Node> bridges() {
    return bridges;
  }

  /** The GPUs with NVLink: nodes with {@code ibm,npu}, or named by a bridge. */
  Set<Node> gpus() {
    return gpus;
  }

  /** The nodes that a GPU's {@code ibm,npu} leads to. */
  Set<Node> listedBridges(Node gpu) {
    return listedBridges.getOrDefault(gpu, Set.of());
  }

  /** The link nodes, by {@code compatible}. */
  Set<Node> links() {
    return links;
  }

  /** The memory nodes of GPUs: by {@code compatible}, or named by a bridge. */
  Set<Node> gpuMemories() {
    return gpuMemories;
  }

  /** Whether there is anything of NVLink in the tree. */
  boolean hasNvlink() {
    return !bridges.isEmpty()
        || !gpus.isEmpty()
        || !links.isEmpty()
        || !gpuMemories.isEmpty()
        || hostBridges.stream().anyMatch(node -> node.has("ibm,mmio-atsd"));
  }

  /**
   * Whether this is meant as the tree of a whole machine: only then is it wrong that something is
   * missing which a part of a tree, written for a test, has no need of.
   */
  boolean isWholeMachine() {
    return tree.find("/cpus").isPresent() || tree.find("/chosen").isPresent();
  }

  /** The host bridge that a node is below, or that it is. */
  Optional<Node> hostBridge(Node node) {
    return Optional.ofNullable(hostBridgeOf.get(node));
  }

  /** The host bridges with NVLink bridges below them. */
  Set<Node> npuHostBridges() {
    Set<Node> found = new LinkedHashSet<>();
    bridges.forEach(bridge -> hostBridge(bridge).ifPresent(found::add));
    return found;
  }

  /** Whether the kernel would make a PCI function of the node: below a host bridge, with reg. */
  boolean isFunction(Node node) {
    Node above = hostBridgeOf.get(node);
    return above != null && above != node && node.u32("reg").isPresent();
  }

  /** What the first cell of a property refers to. */
  Optional<Node> target(Node node, String propertyName) {
    OptionalInt phandle = node.u32(propertyName);
    return phandle.isPresent() ? phandles.find(phandle.getAsInt()) : Optional.empty();
  }

  /** What each cell of a property refers to. */
  List<Optional<Node>> targets(Node node, String propertyName) {
    Property property = node.property(propertyName).orElse(null);
    List<Optional<Node>> targets = new ArrayList<>();
    for (int i = 0; property != null && i < property.cellCount(); i++) {
      targets.add(phandles.find(property.cell(i)));
    }
    return targets;
  }

  /** The memory nodes that are no GPU's. */
  List<Node> ordinaryMemories() {
    return nodes.stream()
        .filter(node -> node.string("device_type").orElse("").equals("memory"))
        .filter(node -> !gpuMemories.contains(node))
        .toList();
  }

  /** The nodes of the processors: children of {@code /cpus} with device_type {@code cpu}. */
  List<Node> cpus() {
    return tree.find("/cpus").stream()
        .flatMap(cpus -> cpus.children().stream())
        .filter(node -> node.string("device_type").orElse("").equals("cpu"))
        .toList();
  }
}
