package org.nvlink2vmm.dt.check;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Trees to check and compare. */
final class TestTrees {
  private TestTrees() {}

  static DeviceTree golden(String name) {
    try {
      return FdtReader.read(GoldenTrees.blob(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives every node with a phandle another one, and changes the references along. */
  static void renumberPhandles(DeviceTree tree, int first) {
    Map<Integer, Integer> numbers = new HashMap<>();
    Phandles phandles = Phandles.of(tree);
    for (Node node : tree.nodes()) {
      node.phandle().ifPresent(old -> numbers.putIfAbsent(old, first + numbers.size()));
    }
    Map<Node, Map<String, Property>> changed = new HashMap<>();
    for (Node node : tree.nodes()) {
      for (Property property : node.properties()) {
        int[] cells = property.cells();
        int[] references =
            property.name().endsWith("phandle")
                ? new int[] {0}
                : PhandleProperties.references(node, property, phandles);
        for (int cell : references) {
          cells[cell] = numbers.getOrDefault(cells[cell], cells[cell]);
        }
        if (references.length > 0) {
          changed
              .computeIfAbsent(node, n -> new HashMap<>())
              .put(property.name(), Property.ofU32(property.name(), cells));
        }
      }
    }
    changed.forEach((node, properties) -> properties.values().forEach(node::set));
  }
}
