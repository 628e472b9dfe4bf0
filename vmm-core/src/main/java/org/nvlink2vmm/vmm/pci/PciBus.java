package org.nvlink2vmm.vmm.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** Up to 256 functions by devfn (device number times 8 plus function number). */
public final class PciBus {
  private static final int DEVFNS = 256;

  private final String id;
  private final PciWindows windows;
  private final AtomicReferenceArray<PciFunction> functions = new AtomicReferenceArray<>(DEVFNS);
  private volatile PciBridge[] bridges = {};

  /** A function and its place. */
  public record Slot(int devfn, PciFunction function) {}

  /**
   * An empty bus.
   *
   * @param id for people
   * @param windows in which the BARs of its functions decode
   */
  public PciBus(String id, PciWindows windows) {
    this.id = id;
    this.windows = windows;
  }

  public String id() {
    return id;
  }

  /**
   * Puts a function on the bus.
   *
   * @throws IllegalArgumentException when {@code devfn} is out of range or taken; the message names
   *     both functions
   */
  public synchronized void add(int devfn, PciFunction function) {
    if (devfn < 0 || devfn >= DEVFNS) {
      throw new IllegalArgumentException(
          "%s: devfn 0x%x of %s is not in 0 to 0xff".formatted(id, devfn, function.id()));
    }
    PciFunction other = functions.get(devfn);
    if (other != null) {
      throw new IllegalArgumentException(
          "%s: %s and %s both sit at %02x.%x"
              .formatted(id, other.id(), function.id(), devfn >> 3, devfn & 7));
    }
    if (function instanceof PciBridge bridge) {
      List<PciBridge> more = new ArrayList<>(List.of(bridges));
      more.add(bridge);
      bridges = more.toArray(new PciBridge[0]);
    }
    functions.set(devfn, function);
    function.plug(windows);
  }

  /** The function at a devfn; empty for one that is absent or out of range. */
  public Optional<PciFunction> function(int devfn) {
    return Optional.ofNullable(at(devfn));
  }

  /** All functions in devfn order. */
  public List<Slot> functions() {
    List<Slot> slots = new ArrayList<>();
    for (int devfn = 0; devfn < DEVFNS; devfn++) {
      PciFunction function = functions.get(devfn);
      if (function != null) {
        slots.add(new Slot(devfn, function));
      }
    }
    return slots;
  }

  /** Resets all functions in devfn order, and with a bridge what is behind it. */
  public void reset() {
    for (Slot slot : functions()) {
      slot.function().reset();
    }
  }

  /** The function at a devfn or null. */
  PciFunction at(int devfn) {
    return devfn < 0 || devfn >= DEVFNS ? null : functions.getAcquire(devfn);
  }

  /** The bridge that forwards config accesses for a bus number, or null. */
  PciBridge bridgeTo(int number) {
    for (PciBridge bridge : bridges) {
      if (bridge.forwards(number)) {
        return bridge;
      }
    }
    return null;
  }

  PciBridge[] bridges() {
    return bridges.clone();
  }
}
