package org.nvlink2vmm.vmm.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tree as JSON: {@code {"nodes": [{"path", "properties": [{"name", "bytes"}]}]}}, nodes in tree
 * order, values as hexadecimal bytes. Flat, so that no reader needs to nest as deep as the tree.
 */
final class TreeJson {
  private TreeJson() {}

  private record Placed(Node node, String path) {}

  static ObjectNode of(DeviceTree tree) {
    ObjectNode document = Json.object();
    ArrayNode nodes = document.putArray("nodes");
    Deque<Placed> open = new ArrayDeque<>();
    open.push(new Placed(tree.root(), "/"));
    while (!open.isEmpty()) {
      Placed placed = open.pop();
      ObjectNode entry = nodes.addObject().put("path", placed.path());
      ArrayNode properties = entry.putArray("properties");
      for (Property property : placed.node().properties()) {
        properties
            .addObject()
            .put("name", property.name())
            .put("bytes", HexFormat.of().formatHex(property.bytes()));
      }
      String prefix = placed.path().equals("/") ? "/" : placed.path() + "/";
      placed
          .node()
          .children()
          .reversed()
          .forEach(child -> open.push(new Placed(child, prefix + child.name())));
    }
    return document;
  }
}
