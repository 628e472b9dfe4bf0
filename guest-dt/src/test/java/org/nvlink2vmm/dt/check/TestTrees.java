package org.nvlink2vmm.dt.check;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
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

  /**
   * QEMU's tree of a four-GPU machine, completed by what the golden tree leaves out, so that every
   * rule which a tree can show has something to judge.
   */
  static DeviceTree machine() {
    DeviceTree tree = golden("full-c");
    tree.root().setStrings("name", "");
    Node cpus = tree.root().addChild("cpus").setU32("#address-cells", 1).setU32("#size-cells", 0);
    cpus.addChild("PowerPC,POWER9@0")
        .setStrings("device_type", "cpu")
        .setStrings("status", "okay")
        .setU32("reg", 0)
        .setU32("d-cache-block-size", 128)
        .setU32("ibm,associativity", 5, 0, 0, 0, 0, 0);
    tree.root()
        .addChild("chosen")
        .setStrings("bootargs", "quiet")
        .set(Property.ofBytes("ibm,architecture-vec-5", (byte) 0, (byte) 0))
        .set(Property.ofBytes("ibm,arch-vec-5-platform-support", (byte) 24, (byte) 0x40));
    Node rtas = tree.find("/rtas").orElseThrow();
    for (String call :
        List.of(
            "ibm,read-pci-config",
            "ibm,set-eeh-option",
            "ibm,set-slot-reset",
            "ibm,slot-error-detail",
            "ibm,read-slot-reset-state2",
            "ibm,configure-pe")) {
      rtas.setU32(call, 0x2000 + rtas.properties().size());
    }
    for (Node node : tree.nodes()) {
      if (node.isCompatible("ibm,npu-link")) {
        node.setU32("reg", node.u32("ibm,npu-link-index").orElseThrow());
      }
    }
    return tree;
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
