package org.nvlink2vmm.dt.powernv;

import java.util.HashMap;
import java.util.Map;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;

/** Copies of trees. */
final class TreeCopies {
  private TreeCopies() {}

  /** The same nodes and properties, the nodes named n0, n1, ... */
  static DeviceTree withOtherNames(DeviceTree tree) {
    DeviceTree copy = new DeviceTree();
    Map<Node, Node> copies = new HashMap<>();
    for (Node node : tree.nodes()) {
      Node twin =
          node.parent()
              .map(parent -> copies.get(parent).addChild("n" + copies.size()))
              .orElse(copy.root());
      node.properties().forEach(twin::set);
      copies.put(node, twin);
    }
    return copy;
  }
}
