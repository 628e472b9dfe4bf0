package org.nvlink2vmm.dt.check;

import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * Which cells of which properties are phandles: Devicetree Specification v0.4, skiboot
 * doc/device-tree, QEMU hw/ppc/spapr_pci_nvlink2.c. What is not listed here is taken as numbers.
 */
final class PhandleProperties {
  /** Where in its value a property holds phandles. */
  enum Layout {
    /** The node's own phandle: a name for the node, not a reference. */
    OWN,
    /** The first cell. */
    FIRST,
    /** Every cell. */
    ALL,
    /** One cell an entry, behind the child's unit address and interrupt specifier. */
    INTERRUPT_MAP,
    /** A phandle, then as many cells as that node's {@code #interrupt-cells} says, and so on. */
    INTERRUPTS_EXTENDED
  }

  private static final Map<String, Layout> LAYOUTS =
      Map.ofEntries(
          Map.entry("phandle", Layout.OWN),
          Map.entry("linux,phandle", Layout.OWN),
          Map.entry("ibm,phandle", Layout.OWN),
          Map.entry("interrupt-parent", Layout.FIRST),
          Map.entry("interrupt-map", Layout.INTERRUPT_MAP),
          Map.entry("interrupts-extended", Layout.INTERRUPTS_EXTENDED),
          Map.entry("ibm,npu", Layout.ALL),
          Map.entry("ibm,gpu", Layout.FIRST),
          Map.entry("ibm,nvlink", Layout.FIRST),
          Map.entry("ibm,nvlink-peers", Layout.ALL),
          Map.entry("memory-region", Layout.ALL),
          Map.entry("ibm,npcq", Layout.FIRST),
          Map.entry("ibm,npu-pbcq", Layout.FIRST),
          Map.entry("ibm,pcie-slot", Layout.FIRST),
          Map.entry("next-level-cache", Layout.FIRST),
          Map.entry("l2-cache", Layout.FIRST),
          Map.entry("cpu", Layout.FIRST),
          Map.entry("msi-parent", Layout.FIRST));

  private static final int[] NONE = {};

  private PhandleProperties() {}

  static Optional<Layout> layout(String propertyName) {
    return Optional.ofNullable(LAYOUTS.get(propertyName));
  }

  /**
   * The indexes of the cells of {@code property} that refer to other nodes, ascending. An interrupt
   * map that does not come out even gives the entries up to the bad one.
   */
  static int[] references(Node node, Property property, Phandles phandles) {
    Layout layout = LAYOUTS.get(property.name());
    int cells = property.cellCount();
    if (layout == null || cells == 0) {
      return NONE;
    }
    return switch (layout) {
      case OWN -> NONE;
      case FIRST -> new int[] {0};
      case ALL -> IntStream.range(0, cells).toArray();
      case INTERRUPT_MAP ->
          InterruptMap.of(node, property, phandles).entries().stream()
              .mapToInt(InterruptMap.Entry::parentCell)
              .toArray();
      case INTERRUPTS_EXTENDED -> extended(property, phandles);
    };
  }

  private static int[] extended(Property property, Phandles phandles) {
    IntStream.Builder indexes = IntStream.builder();
    int at = 0;
    while (at < property.cellCount()) {
      indexes.add(at);
      Optional<Node> parent = phandles.find(property.cell(at));
      if (parent.isEmpty()) {
        break;
      }
      at += 1 + Cells.count(parent.get(), "#interrupt-cells", 1);
    }
    return indexes.build().toArray();
  }
}
