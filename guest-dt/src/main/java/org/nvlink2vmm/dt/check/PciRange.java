package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * An entry of a host bridge's {@code ranges} (IEEE 1275 PCI bus binding).
 *
 * @param space 1 for I/O, 2 for 32-bit memory, 3 for 64-bit memory
 */
record PciRange(int space, long pciAddress, long cpuAddress, long size) {
  static final int MEMORY_32 = 2;

  private static final int PCI_ADDRESS_CELLS = 3;

  /** The whole entries; none where the cell counts are not PCI's. */
  static List<PciRange> of(Node hostBridge) {
    Property ranges = hostBridge.property("ranges").orElse(null);
    Node parent = hostBridge.parent().orElse(null);
    if (ranges == null
        || parent == null
        || Cells.addressCells(hostBridge) != PCI_ADDRESS_CELLS
        || Cells.sizeCells(hostBridge) != 2) {
      return List.of();
    }
    int parentCells = Cells.addressCells(parent);
    int entry = PCI_ADDRESS_CELLS + parentCells + 2;
    List<PciRange> found = new ArrayList<>();
    for (int at = 0; at + entry <= ranges.cellCount(); at += entry) {
      found.add(
          new PciRange(
              (ranges.cell(at) >>> 24) & 3,
              ranges.cellPair(at + 1),
              Cells.number(ranges, at + PCI_ADDRESS_CELLS, parentCells),
              ranges.cellPair(at + PCI_ADDRESS_CELLS + parentCells)));
    }
    return found;
  }

  boolean fits32Bits() {
    long end = pciAddress + size;
    return pciAddress >>> 32 == 0 && size >>> 32 <= 1 && end <= 1L << 32;
  }
}
