package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Rules about the names of nodes and properties. */
final class NameRules {
  static final List<Rule> RULES =
      List.of(
          Rule.error(
              "node_name_chars", "node names hold legal characters", NameRules::nodeNameChars),
          Rule.error(
              "node_name_format",
              "node names have a name and at most one unit address",
              NameRules::nodeNameFormat),
          Rule.error(
              "property_name_chars",
              "property names hold legal characters",
              NameRules::propertyNameChars),
          Rule.error(
              "duplicate_node_names",
              "the children of a node have different names",
              NameRules::duplicateNodes),
          Rule.error(
              "duplicate_property_names",
              "the properties of a node have different names",
              NameRules::duplicateProperties),
          Rule.error(
              "name_properties",
              "a name property repeats the name of its node",
              NameRules::nameProperties),
          Rule.warning(
              "unit_address_vs_reg",
              "a node has a unit address exactly when it has reg or ranges",
              NameRules::unitAddressVsReg),
          Rule.warning(
              "unit_address_format",
              "unit addresses are written without 0x and leading zeros",
              NameRules::unitAddressFormat),
          Rule.error(
              "unit_address_matches_reg",
              "unit addresses say the address in reg",
              NameRules::unitAddressMatchesReg));

  private static final String PUNCTUATION_IN_NODES = ",._+-@";
  private static final String PUNCTUATION_IN_PROPERTIES = ",._+*#?-@";

  private NameRules() {}

  private static boolean legal(String name, String punctuation) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean alphanumeric =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!alphanumeric && punctuation.indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  private static void nodeNameChars(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      if (!legal(node.name(), PUNCTUATION_IN_NODES)) {
        reporter.fail(
            node, "The name has a character that paths cannot hold, so no lookup finds the node.");
      }
    }
  }

  private static void nodeNameFormat(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      boolean root = node.parent().isEmpty();
      if (!root && node.baseName().isEmpty()) {
        reporter.fail(node, "The node has no name, so no path leads to it.");
      } else if (node.name().indexOf('@') != node.name().lastIndexOf('@')) {
        reporter.fail(node, "The name has more than one @, so its unit address is ambiguous.");
      } else if (node.name().endsWith("@")) {
        reporter.fail(node, "The name ends with @, so lookups by unit address miss the node.");
      }
    }
  }

  private static void propertyNameChars(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      for (Property property : node.properties()) {
        if (property.name().isEmpty() || !legal(property.name(), PUNCTUATION_IN_PROPERTIES)) {
          reporter.fail(
              node,
              "Property \"%s\" has an illegal name, so no driver finds it."
                  .formatted(property.name()));
        }
      }
    }
  }

  private static void duplicateNodes(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      Set<String> names = new HashSet<>();
      for (Node child : node.children()) {
        if (!names.add(child.name())) {
          reporter.fail(
              child,
              "A sibling has the same name: the kernel refuses or renames the second one, and"
                  + " lookups by path find only the first.");
        }
      }
    }
  }

  private static void duplicateProperties(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      Set<String> names = new HashSet<>();
      for (Property property : node.properties()) {
        if (!names.add(property.name())) {
          reporter.fail(
              node,
              "%s is there twice: which value the guest sees is a matter of luck."
                  .formatted(property.name()));
        }
      }
    }
  }

  private static void nameProperties(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      Optional<String> name = node.string("name");
      if (name.isPresent() && !name.get().equals(node.baseName())) {
        reporter.fail(
            node,
            "The name property says \"%s\": lookups by name go astray.".formatted(name.get()));
      }
    }
  }

  private static void unitAddressVsReg(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      boolean addressed =
          node.has("reg") || node.property("ranges").map(p -> p.length() > 0).orElse(false);
      boolean named = node.unitAddress().isPresent();
      if (named && !addressed) {
        reporter.fail(
            node, "The name has a unit address but there is no reg: the address is only a label.");
      } else if (!named && node.has("reg") && node.parent().isPresent()) {
        reporter.fail(
            node, "There is a reg but no unit address: paths from firmware do not name the node.");
      }
    }
  }

  private static void unitAddressFormat(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      String address = node.unitAddress().orElse("");
      if (!unpadded(address).equals(address)) {
        reporter.fail(
            node,
            "The unit address is padded: software that makes the path from reg misses the node.");
      }
    }
  }

  private static void unitAddressMatchesReg(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      String address = unpadded(node.unitAddress().orElse(""));
      List<String> expected = address.isEmpty() ? List.of() : expectedUnitAddresses(guest, node);
      if (!expected.isEmpty() && !expected.contains(address)) {
        reporter.fail(
            node,
            "reg says %s, the name says %s: a path made from either one leads to the wrong device."
                .formatted(expected.getFirst(), address));
      }
    }
  }

  /** The address without 0x and leading zeros, which {@code unit_address_format} judges. */
  private static String unpadded(String address) {
    int start = address.startsWith("0x") ? 2 : 0;
    while (start + 1 < address.length()
        && address.charAt(start) == '0'
        && address.charAt(start + 1) != ',') {
      start++;
    }
    return address.substring(start);
  }

  /** Unit addresses that would be right for the node's reg; empty where no rule says. */
  private static List<String> expectedUnitAddresses(GuestTree guest, Node node) {
    Property reg = node.property("reg").orElse(null);
    Node parent = node.parent().orElse(null);
    if (reg == null || parent == null) {
      return List.of();
    }
    if (guest.isFunction(node)) {
      int device = (reg.cell(0) >>> 11) & 0x1f;
      int function = (reg.cell(0) >>> 8) & 0x7;
      String alone = Integer.toHexString(device);
      String both = alone + "," + function;
      return function == 0 ? List.of(alone, both) : List.of(both);
    }
    int cells = Cells.addressCells(parent);
    if (cells == 0 || cells > 2 || reg.cellCount() < cells) {
      return List.of();
    }
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < cells; i++) {
      parts.add(Integer.toHexString(reg.cell(i)));
    }
    return List.of(Long.toHexString(Cells.number(reg, 0, cells)), String.join(",", parts));
  }
}
