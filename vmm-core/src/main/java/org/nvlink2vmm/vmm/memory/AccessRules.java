package org.nvlink2vmm.vmm.memory;

import java.nio.ByteOrder;
import java.util.Objects;

/**
 * What accesses an MMIO region takes and in what form its handler gets them.
 *
 * @param minSize narrowest access the bus lets through, bytes; narrower ones are refused
 * @param maxSize widest access the bus lets through, bytes; wider ones are refused
 * @param aligned whether an access must be aligned to its size; others are refused
 * @param maxHandled widest access the handler understands; wider ones that pass are split, lowest
 *     address first
 * @param order byte order of the device's registers
 */
public record AccessRules(
    int minSize, int maxSize, boolean aligned, int maxHandled, ByteOrder order) {

  /** Little-endian registers of 1 to 4 bytes, wider accesses split: how VFIO drives a BAR. */
  public static final AccessRules PCI_BAR = new AccessRules(1, 8, true, 4, ByteOrder.LITTLE_ENDIAN);

  /** Any width, any alignment, little-endian. */
  public static final AccessRules ANY_LITTLE =
      new AccessRules(1, 8, false, 8, ByteOrder.LITTLE_ENDIAN);

  public AccessRules {
    if (!isWidth(minSize) || !isWidth(maxSize) || !isWidth(maxHandled) || minSize > maxSize) {
      throw new IllegalArgumentException(
          "Access widths must be 1, 2, 4 or 8 and ordered: " + minSize + ".." + maxSize);
    }
    Objects.requireNonNull(order, "order");
  }

  /** Whether an access of {@code size} bytes at {@code offset} is let through. */
  public boolean allow(long offset, int size) {
    return size >= minSize && size <= maxSize && (!aligned || (offset & (size - 1)) == 0);
  }

  private static boolean isWidth(int size) {
    return size == 1 || size == 2 || size == 4 || size == 8;
  }
}
