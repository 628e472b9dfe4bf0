package org.nvlink2vmm.dt.check;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Rules about the form of values: cell counts, strings, the lengths of reg and ranges. */
final class ValueRules {
  private static final List<Rule> CELLS =
      List.of(
          isCell("address_cells_is_cell", "#address-cells"),
          isCell("size_cells_is_cell", "#size-cells"),
          isCell("interrupt_cells_is_cell", "#interrupt-cells"));

  private static final List<Rule> STRINGS =
      List.of(
          isString("device_type_is_string", "device_type"),
          isString("model_is_string", "model"),
          isString("status_is_string", "status"),
          isStringList("compatible_is_string_list", "compatible"));

  private static final List<Rule> OTHERS =
      List.of(
          Rule.error(
              "strings_terminated", "text values end with NUL", ValueRules::stringsTerminated),
          Rule.error(
              "single_cells", "numbers of PCI and NVLink are one cell", ValueRules::singleCells),
          Rule.error(
              "cell_counts",
              "#address-cells and #size-cells are plausible, the root has both",
              ValueRules::cellCounts),
          Rule.error("reg_format", "reg is a list of addresses and sizes", ValueRules::regFormat)
              .requiring("address_cells_is_cell", "size_cells_is_cell"),
          Rule.error(
                  "ranges_format",
                  "ranges is a list of child address, parent address and size",
                  ValueRules::rangesFormat)
              .requiring("address_cells_is_cell", "size_cells_is_cell"));

  static final List<Rule> RULES = Stream.of(CELLS, STRINGS, OTHERS).flatMap(List::stream).toList();

  private static final List<String> TEXTS =
      List.of(
          "name",
          "ibm,loc-code",
          "ibm,slot-label",
          "ibm,npu-link-type",
          "ibm,partition-name",
          "host-model",
          "host-serial",
          "bootargs",
          "stdout-path",
          "linux,stdout-path");

  private static final List<String> SINGLE_CELLS =
      List.of(
          "vendor-id",
          "device-id",
          "revision-id",
          "class-code",
          "subsystem-id",
          "subsystem-vendor-id",
          "cache-line-size",
          "ibm,npu-link-index",
          "ibm,nvlink-speed",
          "ibm,gpu",
          "ibm,nvlink",
          "interrupt-parent");

  private ValueRules() {}

  private static Rule isCell(String id, String propertyName) {
    return Rule.error(
        id,
        propertyName + " is one cell",
        (guest, reporter) ->
            forEach(
                guest,
                propertyName,
                (node, property) -> {
                  if (property.length() != 4) {
                    reporter.fail(
                        node,
                        "%s has %d bytes, not 4: addresses below are read with the wrong width."
                            .formatted(propertyName, property.length()));
                  }
                }));
  }

  private static Rule isString(String id, String propertyName) {
    return Rule.error(
        id,
        propertyName + " is a string",
        (guest, reporter) ->
            forEach(
                guest,
                propertyName,
                (node, property) -> {
                  if (!endsWithNul(property) || property.strings().size() != 1) {
                    reporter.fail(
                        node,
                        "%s is no NUL-terminated string: the kernel compares past its end or not"
                                .formatted(propertyName)
                            + " at all.");
                  }
                }));
  }

  private static Rule isStringList(String id, String propertyName) {
    return Rule.error(
        id,
        propertyName + " is a list of strings",
        (guest, reporter) ->
            forEach(
                guest,
                propertyName,
                (node, property) -> {
                  if (!endsWithNul(property)) {
                    reporter.fail(
                        node,
                        "%s is no list of NUL-terminated strings: no driver matches the node."
                            .formatted(propertyName));
                  }
                }));
  }

  private interface PropertyCheck {
    void run(Node node, Property property);
  }

  private static void forEach(GuestTree guest, String propertyName, PropertyCheck check) {
    for (Node node : guest.nodes()) {
      Optional<Property> property = node.property(propertyName);
      property.ifPresent(value -> check.run(node, value));
    }
  }

  private static boolean endsWithNul(Property property) {
    int length = property.length();
    return length > 0 && property.byteAt(length - 1) == 0;
  }

  private static void stringsTerminated(GuestTree guest, Reporter reporter) {
    for (String name : TEXTS) {
      forEach(
          guest,
          name,
          (node, property) -> {
            if (!endsWithNul(property)) {
              reporter.fail(node, "%s has no NUL at its end: readers run past it.".formatted(name));
            }
          });
    }
  }

  private static void singleCells(GuestTree guest, Reporter reporter) {
    for (String name : SINGLE_CELLS) {
      forEach(
          guest,
          name,
          (node, property) -> {
            if (property.length() != 4) {
              reporter.fail(
                  node,
                  "%s has %d bytes, not 4: the kernel reads it as absent or takes the wrong cell."
                      .formatted(name, property.length()));
            }
          });
    }
  }

  private static void cellCounts(GuestTree guest, Reporter reporter) {
    for (String name : List.of("#address-cells", "#size-cells")) {
      forEach(
          guest,
          name,
          (node, property) -> {
            OptionalInt count = property.u32();
            if (count.isPresent() && Integer.compareUnsigned(count.getAsInt(), Cells.MOST) > 0) {
              reporter.fail(
                  node,
                  "%s is %s, the kernel takes at most %d: no address below is translated."
                      .formatted(name, Integer.toUnsignedString(count.getAsInt()), Cells.MOST));
            }
          });
      Node root = guest.tree().root();
      if (!root.has(name)) {
        reporter.fail(
            root, "The root has no %s: the kernel misreads every memory node.".formatted(name));
      }
    }
    for (Node node : guest.nodes()) {
      boolean countless = !node.has("#address-cells") || !node.has("#size-cells");
      if (countless && node.parent().isPresent() && hasChildWithReg(node)) {
        reporter.warn(
            node, "Children have reg but the node does not say with how many cells: 2 and 1 hold.");
      }
    }
  }

  private static boolean hasChildWithReg(Node node) {
    return node.children().stream().anyMatch(child -> child.has("reg"));
  }

  private static void regFormat(GuestTree guest, Reporter reporter) {
    forEach(
        guest,
        "reg",
        (node, property) ->
            node.parent()
                .ifPresent(
                    parent -> {
                      int entry = 4 * (Cells.addressCells(parent) + Cells.sizeCells(parent));
                      if (property.length() == 0 || entry == 0 || property.length() % entry != 0) {
                        reporter.fail(
                            node,
                            "reg has %d bytes, not a multiple of %d: the kernel drops the rest."
                                .formatted(property.length(), entry));
                      }
                    }));
  }

  private static void rangesFormat(GuestTree guest, Reporter reporter) {
    forEach(
        guest,
        "ranges",
        (node, property) -> {
          Node parent = node.parent().orElse(null);
          if (parent == null || property.length() == 0) {
            return;
          }
          int cells = Cells.addressCells(node) + Cells.addressCells(parent) + Cells.sizeCells(node);
          int entry = 4 * cells;
          if (entry == 0 || property.length() % entry != 0) {
            reporter.fail(
                node,
                "ranges has %d bytes, not a multiple of %d: the windows of the bus are misread."
                    .formatted(property.length(), entry));
          }
        });
  }
}
