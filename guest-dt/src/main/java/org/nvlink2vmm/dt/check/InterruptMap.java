package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * An {@code interrupt-map} taken apart (Devicetree Specification v0.4, 2.4.3).
 *
 * @param unitMask mask of the first cell of the child's unit address
 * @param pinMask mask of the last cell of the child's interrupt specifier
 * @param entries the entries up to the end or to the first that is cut off or has an unknown parent
 * @param even whether the value ends with the last entry
 */
record InterruptMap(int unitMask, int pinMask, List<Entry> entries, boolean even) {
  /**
   * An entry.
   *
   * @param unit first cell of the child's unit address
   * @param pin last cell of the child's interrupt specifier
   * @param parentCell index of the cell with the parent's phandle
   */
  record Entry(int unit, int pin, int parentCell, int parentPhandle) {}

  /** Whether an interrupt {@code pin} of the child at {@code unit} is led on. */
  boolean knows(int unit, int pin) {
    return entries.stream()
        .anyMatch(
            entry -> ((entry.unit ^ unit) & unitMask) == 0 && ((entry.pin ^ pin) & pinMask) == 0);
  }

  /** The map that {@code node} has. */
  static InterruptMap of(Node node, Phandles phandles) {
    return of(node, node.property("interrupt-map").orElseThrow(), phandles);
  }

  static InterruptMap of(Node node, Property map, Phandles phandles) {
    int keyCells = Cells.addressCells(node) + Cells.count(node, "#interrupt-cells", 1);
    int cells = map.cellCount();
    Property mask = node.property("interrupt-map-mask").orElse(null);
    boolean masked = mask != null && keyCells > 0 && mask.cellCount() >= keyCells;
    int unitMask = masked ? mask.cell(0) : -1;
    int pinMask = masked ? mask.cell(keyCells - 1) : -1;
    List<Entry> entries = new ArrayList<>();
    int at = 0;
    while (at + keyCells < cells) {
      int parentCell = at + keyCells;
      int phandle = map.cell(parentCell);
      entries.add(
          new Entry(map.cell(at), map.cell(Math.max(at, parentCell - 1)), parentCell, phandle));
      Node parent = phandles.find(phandle).orElse(null);
      if (parent == null) {
        return new InterruptMap(unitMask, pinMask, entries, false);
      }
      // An interrupt controller without #address-cells has none here (Linux drivers/of/irq.c).
      at =
          parentCell
              + 1
              + Cells.count(parent, "#address-cells", 0)
              + Cells.count(parent, "#interrupt-cells", 1);
    }
    return new InterruptMap(unitMask, pinMask, entries, at == cells && map.length() == 4 * cells);
  }
}
