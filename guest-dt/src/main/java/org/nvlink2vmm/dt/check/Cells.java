package org.nvlink2vmm.dt.check;

import java.util.OptionalInt;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * Cell counts and numbers of several cells, for trees that may say anything: a count is never
 * larger than {@link #MOST}.
 */
final class Cells {
  /** {@code OF_MAX_ADDR_CELLS} of Linux drivers/of/address.c: more is taken as a broken tree. */
  static final int MOST = 4;

  /** Default of {@code #address-cells}, Devicetree Specification v0.4, 2.3.5. */
  private static final int DEFAULT_ADDRESS = 2;

  private static final int DEFAULT_SIZE = 1;

  private Cells() {}

  /** {@code #address-cells} for the children of {@code node}. */
  static int addressCells(Node node) {
    return count(node, "#address-cells", DEFAULT_ADDRESS);
  }

  /** {@code #size-cells} for the children of {@code node}. */
  static int sizeCells(Node node) {
    return count(node, "#size-cells", DEFAULT_SIZE);
  }

  /** A count of cells; the default where it is absent or implausible. */
  static int count(Node node, String propertyName, int otherwise) {
    OptionalInt count = node.u32(propertyName);
    return count.isPresent() && Integer.compareUnsigned(count.getAsInt(), MOST) <= 0
        ? count.getAsInt()
        : otherwise;
  }

  /** The low 64 bits of the number in {@code count} cells from cell {@code from} on. */
  static long number(Property property, int from, int count) {
    long number = 0;
    for (int i = 0; i < count; i++) {
      number = (number << 32) | Integer.toUnsignedLong(property.cell(from + i));
    }
    return number;
  }
}
