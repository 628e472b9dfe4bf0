package org.nvlink2vmm.dt.check;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Rules about phandles and interrupts. */
final class ReferenceRules {
  static final List<Rule> RULES =
      List.of(
          Rule.error(
              "explicit_phandles",
              "phandles are one cell, neither 0 nor -1, and unique",
              ReferenceRules::explicitPhandles),
          Rule.error(
              "phandle_references",
              "every reference leads to a node",
              ReferenceRules::phandleReferences),
          Rule.warning(
              "interrupt_provider",
              "interrupt controllers say how many cells an interrupt has",
              ReferenceRules::interruptProvider),
          Rule.error(
              "interrupts_property",
              "a node with interrupts has an interrupt parent",
              ReferenceRules::interruptsProperty),
          Rule.error(
                  "interrupt_map",
                  "interrupt maps come out even and name interrupt controllers",
                  ReferenceRules::interruptMap)
              .requiring("address_cells_is_cell", "interrupt_cells_is_cell"));

  private ReferenceRules() {}

  private static void explicitPhandles(GuestTree guest, Reporter reporter) {
    Map<Integer, Node> owners = new HashMap<>();
    for (Node node : guest.nodes()) {
      for (String name : List.of("phandle", "linux,phandle")) {
        Optional<Property> property = node.property(name);
        if (property.isEmpty()) {
          continue;
        }
        if (property.get().length() != 4) {
          reporter.fail(
              node,
              "%s has %d bytes, not 4: no reference leads here."
                  .formatted(name, property.get().length()));
          continue;
        }
        int phandle = property.get().cell(0);
        if (phandle == 0 || phandle == -1) {
          reporter.fail(node, "%s 0x%x means no node.".formatted(name, phandle));
        } else if (!node.phandle().equals(property.get().u32())) {
          reporter.fail(
              node, "phandle and linux,phandle differ: old and new kernels follow different ones.");
        } else {
          Node owner = owners.putIfAbsent(phandle, node);
          if (owner != null && owner != node) {
            reporter.fail(
                node,
                "%s has phandle 0x%x, too: references to this node lead there."
                    .formatted(owner.path(), phandle));
          }
        }
      }
    }
  }

  private static void phandleReferences(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      for (Property property : node.properties()) {
        for (int cell : PhandleProperties.references(node, property, guest.phandles())) {
          int phandle = property.cell(cell);
          boolean none = phandle == 0 && property.name().equals("ibm,nvlink-peers");
          if (!none && guest.phandles().find(phandle).isEmpty()) {
            reporter.fail(
                node,
                "%s refers to phandle 0x%x, which no node has: the guest finds nothing there."
                    .formatted(property.name(), phandle));
          }
        }
      }
    }
  }

  private static void interruptProvider(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      boolean provides = node.has("interrupt-controller") || node.has("interrupt-map");
      if (provides && !node.has("#interrupt-cells")) {
        reporter.fail(
            node, "No #interrupt-cells: the kernel maps no interrupt that ends or passes here.");
      }
    }
  }

  private static void interruptsProperty(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      if (node.has("interrupts") && interruptParent(guest, node).isEmpty()) {
        reporter.missing(
            guest,
            node,
            "Nothing above has an interrupt-parent, an interrupt-map or is an interrupt"
                + " controller: the device gets no interrupt.");
      }
    }
  }

  /** The nearest node that takes the interrupts of {@code node}. */
  private static Optional<Node> interruptParent(GuestTree guest, Node node) {
    for (Node at = node; at != null; at = at.parent().orElse(null)) {
      if (at.has("interrupt-parent")) {
        return guest.target(at, "interrupt-parent");
      }
      if (at != node && (at.has("interrupt-controller") || at.has("interrupt-map"))) {
        return Optional.of(at);
      }
    }
    return Optional.empty();
  }

  private static void interruptMap(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      Property property = node.property("interrupt-map").orElse(null);
      if (property == null) {
        continue;
      }
      InterruptMap map = InterruptMap.of(node, property, guest.phandles());
      for (InterruptMap.Entry entry : map.entries()) {
        Node parent = guest.phandles().find(entry.parentPhandle()).orElse(null);
        if (parent == null || !parent.has("#interrupt-cells")) {
          reporter.fail(
              node,
              "Cell %d names phandle 0x%x, which is no interrupt controller: interrupts get lost."
                  .formatted(entry.parentCell(), entry.parentPhandle()));
          break;
        }
      }
      if (!map.even()) {
        reporter.fail(
            node,
            "The map ends inside an entry or at one with an unknown parent: devices behind it get"
                + " no interrupt.");
      }
    }
  }
}
