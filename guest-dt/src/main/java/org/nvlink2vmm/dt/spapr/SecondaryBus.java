package org.nvlink2vmm.dt.spapr;

import java.util.List;

/**
 * What lies behind a PCI function.
 *
 * @param number bus number, 1 ... 255; 0 when the function is no bridge
 * @param chassis the bridge's chassis number, part of the DRC indexes behind it
 * @param functions the functions on that bus, ascending devfn
 */
public record SecondaryBus(int number, int chassis, List<PciFunctionDescription> functions) {
  /** Behind a function that is no bridge. */
  public static final SecondaryBus NONE = new SecondaryBus(0, 0, List.of());

  /**
   * @throws Refusal when two functions share slot and function number
   */
  public SecondaryBus {
    if (number < 0 || number > 255 || chassis < 0 || chassis > 255) {
      throw new IllegalArgumentException("bus " + number + ", chassis " + chassis);
    }
    functions = PciFunctionDescription.inBusOrder(functions);
    if (number == 0 && !functions.isEmpty()) {
      throw new IllegalArgumentException("functions on a secondary bus without number");
    }
  }

  public boolean exists() {
    return number != 0;
  }
}
