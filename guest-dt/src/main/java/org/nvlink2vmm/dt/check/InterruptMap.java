package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * An {@code interrupt-map} taken apart (Devicetree Specification v0.4, 2.4.3).
 *
 * @param keyCells cells of child unit address and child interrupt specifier in each entry
 * @param entries the entries up to the end or to the first that is cut off or has an unknown parent
 * @param even whether the value ends with the last entry
 */
record InterruptMap(int keyCells, List<Entry> entries, boolean even) {
  /**
   * An entry.
   *
   * @param firstCell index of its first cell
   * @param parentCell index of the cell with the parent's phandle
   */
  record Entry(int firstCell, int parentCell, int parentPhandle) {}

  static InterruptMap of(Node node, Property map, Phandles phandles) {
    int keyCells = Cells.addressCells(node) + Cells.count(node, "#interrupt-cells", 1);
    int cells = map.cellCount();
    List<Entry> entries = new ArrayList<>();
    int at = 0;
    while (at + keyCells < cells) {
      int parentCell = at + keyCells;
      int phandle = map.cell(parentCell);
      entries.add(new Entry(at, parentCell, phandle));
      Node parent = phandles.find(phandle).orElse(null);
      if (parent == null) {
        return new InterruptMap(keyCells, entries, false);
      }
      // An interrupt controller without #address-cells has none here (Linux drivers/of/irq.c).
      at =
          parentCell
              + 1
              + Cells.count(parent, "#address-cells", 0)
              + Cells.count(parent, "#interrupt-cells", 1);
    }
    return new InterruptMap(keyCells, entries, at == cells && map.length() == 4 * cells);
  }
}
