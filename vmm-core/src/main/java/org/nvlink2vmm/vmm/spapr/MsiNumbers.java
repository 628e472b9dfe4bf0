package org.nvlink2vmm.vmm.spapr;

import java.util.BitSet;
import java.util.OptionalInt;

/** The interrupt numbers that a machine gives to messages (QEMU hw/ppc/spapr_irq.c). */
final class MsiNumbers {
  /** SPAPR_IRQ_MSI. */
  static final int FIRST = 0x1300;

  /** Up to the end of the interrupt sources, 0x2000: what {@code ibm,pe-total-#msi} says. */
  static final int COUNT = 0xd00;

  private final BitSet taken = new BitSet(COUNT);

  /**
   * Takes numbers in a row.
   *
   * @param aligned whether the first is a multiple of {@code count}, a power of two, as MSI needs
   * @return the first; empty when there are not so many
   */
  synchronized OptionalInt take(int count, boolean aligned) {
    int step = aligned ? count : 1;
    for (int first = 0; first + count <= COUNT; first += step) {
      int next = taken.nextSetBit(first);
      if (next < 0 || next >= first + count) {
        taken.set(first, first + count);
        return OptionalInt.of(FIRST + first);
      }
    }
    return OptionalInt.empty();
  }

  synchronized void giveBack(int first, int count) {
    taken.clear(first - FIRST, first - FIRST + count);
  }
}
