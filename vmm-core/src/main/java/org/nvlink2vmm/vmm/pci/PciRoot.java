package org.nvlink2vmm.vmm.pci;

import java.util.Optional;
import org.nvlink2vmm.vmm.memory.BusResult;

/**
 * The PCI side of a host bridge: bus 0 and config accesses by bus number, devfn and offset. What
 * firmware calls such as RTAS need; no lock, no allocation, no exception.
 */
public final class PciRoot {
  private final PciBus bus;

  public PciRoot(PciBus bus) {
    this.bus = bus;
  }

  /** Bus 0. */
  public PciBus bus() {
    return bus;
  }

  /**
   * Gives bridges their bus numbers as firmware does before an operating system starts: depth
   * first, in devfn order, from 1 on; {@link PciBridge#reset} takes them away again.
   */
  public void numberBuses() {
    numberBehind(bus, 0, 0);
  }

  /** Numbers what is behind a bus; gives the highest number handed out. */
  private static int numberBehind(PciBus bus, int number, int highest) {
    int last = highest;
    for (PciBus.Slot slot : bus.functions()) {
      if (slot.function() instanceof PciBridge bridge) {
        int secondary = last + 1;
        bridge.number(number, secondary, 0xff);
        last = numberBehind(bridge.secondary(), secondary, secondary);
        bridge.number(number, secondary, last);
      }
    }
    return last;
  }

  /**
   * How a config access would be answered: {@link BusResult#UNCLAIMED} when there is no function,
   * {@link BusResult#REFUSED} for a size that is not 1, 2 or 4, an offset that is not aligned to
   * it, or bytes outside of the function's config space.
   */
  public BusResult probe(int busNumber, int devfn, int offset, int size) {
    PciFunction function = find(busNumber, devfn);
    if (function == null) {
      return BusResult.UNCLAIMED;
    }
    return allowed(function, offset, size) ? BusResult.OK : BusResult.REFUSED;
  }

  /**
   * Reads config space.
   *
   * @return the value, zero-extended; all ones of {@code size} bytes when {@link #probe} is not OK
   */
  public long readConfig(int busNumber, int devfn, int offset, int size) {
    PciFunction function = find(busNumber, devfn);
    return function != null && allowed(function, offset, size)
        ? function.config().read(offset, size)
        : ones(size);
  }

  /** The function at a place; empty when there is none. */
  public Optional<PciFunction> function(int busNumber, int devfn) {
    return Optional.ofNullable(find(busNumber, devfn));
  }

  /** Writes config space; lost unless the result is OK. */
  public BusResult writeConfig(int busNumber, int devfn, int offset, int size, long value) {
    PciFunction function = find(busNumber, devfn);
    if (function == null) {
      return BusResult.UNCLAIMED;
    }
    if (!allowed(function, offset, size)) {
      return BusResult.REFUSED;
    }
    function.config().write(offset, size, value);
    return BusResult.OK;
  }

  private PciFunction find(int busNumber, int devfn) {
    PciBus at = bus;
    int number = 0;
    while (number != busNumber) {
      PciBridge bridge = at.bridgeTo(busNumber);
      if (bridge == null) {
        return null;
      }
      at = bridge.secondary();
      number = bridge.secondaryNumber();
    }
    return at.at(devfn);
  }

  private static boolean allowed(PciFunction function, int offset, int size) {
    return (size == 1 || size == 2 || size == 4)
        && (offset & (size - 1)) == 0
        && offset >= 0
        && offset <= function.configSize() - size;
  }

  private static long ones(int size) {
    return size < 1 || size > 4 ? 0xffffffffL : -1L >>> (64 - 8 * size);
  }
}
