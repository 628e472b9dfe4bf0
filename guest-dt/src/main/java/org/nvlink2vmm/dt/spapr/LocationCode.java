package org.nvlink2vmm.dt.spapr;

import java.util.Locale;

/** The text of {@code ibm,loc-code}. */
public sealed interface LocationCode {

  /**
   * A text that is known, such as the host node's own location code.
   *
   * @param text the whole code
   */
  record Fixed(String text) implements LocationCode {}

  /**
   * QEMU's fallback: who makes the device, its name, and where it sits.
   *
   * @param maker {@code vfio} or {@code qemu}
   * @param name the device's name
   */
  record Fallback(String maker, String name) implements LocationCode {}

  /** For a passed-through device whose host node has no readable location code. */
  static LocationCode vfio(String name) {
    return new Fallback("vfio", name);
  }

  /** For a device of the monitor itself. */
  static LocationCode emulated(String name) {
    return new Fallback("qemu", name);
  }

  /** The text for a function at this place. */
  default String text(int vphbIndex, int bus, int devfn) {
    return switch (this) {
      case Fixed fixed -> fixed.text();
      case Fallback from ->
          String.format(
              Locale.ROOT,
              "%s_%s:%04x:%02x:%s",
              from.maker(),
              from.name(),
              vphbIndex,
              bus,
              Text.slotAndFunction(devfn));
    };
  }
}
