package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A PCI function and the bus that it is on.
 *
 * @param vphbIndex its vPHB
 * @param bus bus number, 0 for the root bus
 * @param function the function
 */
public record PlacedFunction(int vphbIndex, int bus, PciFunctionDescription function) {

  /** How messages name it. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s (vPHB %d, %02x:%s)",
        function.id(),
        vphbIndex,
        bus,
        Text.slotAndFunction(function.devfn()));
  }

  /**
   * The functions of a vPHB in bus order: ascending devfn, a bridge before what is behind it.
   *
   * @param multiFunctionBridges whether the walk enters bridges whose header type has bit 7 set;
   *     QEMU compares the whole byte with 1 and does not
   */
  static List<PlacedFunction> inBusOrder(VphbDescription vphb, boolean multiFunctionBridges) {
    List<PlacedFunction> walked = new ArrayList<>();
    List<PlacedFunction> open = new ArrayList<>();
    push(open, vphb.index(), 0, vphb.functions());
    while (!open.isEmpty()) {
      PlacedFunction placed = open.removeLast();
      walked.add(placed);
      PciConfigFacts config = placed.function().config();
      SecondaryBus behind = placed.function().behind();
      if (config.headerType() == PciConfigFacts.BRIDGE_HEADER
          || (multiFunctionBridges && config.isBridge())) {
        push(open, vphb.index(), behind.number(), behind.functions());
      }
    }
    return walked;
  }

  private static void push(
      List<PlacedFunction> open, int vphbIndex, int bus, List<PciFunctionDescription> functions) {
    for (PciFunctionDescription function : functions.reversed()) {
      open.add(new PlacedFunction(vphbIndex, bus, function));
    }
  }
}
