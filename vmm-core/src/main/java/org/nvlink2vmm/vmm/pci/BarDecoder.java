package org.nvlink2vmm.vmm.pci;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;

/**
 * The BARs of a function: their registers in its config space, and their regions in the windows.
 *
 * <p>A BAR decodes while Command enables its space, and the address lies in a window as a whole.
 * Each write to Command or a BAR moves what has to move in one {@link MemoryTransaction}: readers
 * see all of the old places or all of the new ones. Sizing needs nothing of its own, since the bits
 * below the size cannot be written.
 *
 * <p>Where BARs are is guarded by the address space's lock.
 */
public final class BarDecoder {
  private static final int BAR_REGISTERS_BYTES = 24;

  private final ConfigSpace config;
  private final List<Bar> bars;
  private final Place[] places;
  private volatile Optional<PciWindows> windows = Optional.empty();

  private record Place(PciWindows.Window window, long offset) {}

  /**
   * Declares the registers and puts traps on them and on Command.
   *
   * @param config of the function; its Command bits are declared by the owner
   * @throws IllegalArgumentException when two BARs take one register
   */
  public BarDecoder(ConfigSpace config, List<Bar> bars) {
    this.config = config;
    this.bars = List.copyOf(bars);
    this.places = new Place[bars.size()];
    int taken = 0;
    for (Bar bar : bars) {
      int registers = (bar.kind() == Bar.Kind.MEM64 ? 3 : 1) << bar.index();
      if ((taken & registers) != 0) {
        throw new IllegalArgumentException("Two BARs take the register of BAR " + bar.index());
      }
      taken |= registers;
      long address = -bar.size();
      config.set32(bar.register(), bar.flags(), (int) address, 0);
      if (bar.kind() == Bar.Kind.MEM64) {
        config.set32(bar.register() + 4, 0, (int) (address >>> 32), 0);
      }
    }
    config.trap(PciRegs.COMMAND, 2, new Mover());
    config.trap(PciRegs.BASE_ADDRESS_0, BAR_REGISTERS_BYTES, new Mover());
  }

  /** Ascending as they were given. */
  public List<Bar> bars() {
    return bars;
  }

  /** Lets BARs decode in these windows from now on, and only there. */
  public void plug(PciWindows into) {
    unplug();
    windows = Optional.of(into);
    sync();
  }

  /** Takes all BARs out of their windows until plugged again. */
  public void unplug() {
    windows.ifPresent(
        from -> {
          try (MemoryTransaction change = from.space().change()) {
            windows = Optional.empty();
            for (int i = 0; i < places.length; i++) {
              move(change, i, null);
            }
          }
        });
  }

  /** The PCI address in a BAR's register, whether it decodes or not. */
  public long address(Bar bar) {
    long low = config.load(bar.register(), 4) & -bar.size();
    return bar.kind() == Bar.Kind.MEM64
        ? (config.load(bar.register() + 4, 4) << 32 | low) & -bar.size()
        : low & 0xffffffffL;
  }

  /** Whether accesses reach the BAR's region now. */
  public boolean decodes(Bar bar) {
    return windows.flatMap(in -> place(in, bar)).isPresent();
  }

  /**
   * Makes the windows agree with the registers. Needed only after they were changed from the
   * device's side, as by a reset.
   */
  public void sync() {
    Optional<PciWindows> plugged = windows;
    if (plugged.isEmpty()) {
      return;
    }
    try (MemoryTransaction change = plugged.get().space().change()) {
      for (int i = 0; i < places.length && windows.equals(plugged); i++) {
        move(change, i, place(plugged.get(), bars.get(i)).orElse(null));
      }
    }
  }

  private void move(MemoryTransaction change, int index, Place to) {
    Place from = places[index];
    Bar bar = bars.get(index);
    if (from != null && !from.equals(to)) {
      change.unmap(from.window().container(), bar.region());
    }
    if (to != null && !to.equals(from)) {
      change.map(to.window().container(), to.offset(), bar.region());
    }
    places[index] = to;
  }

  private Optional<Place> place(PciWindows in, Bar bar) {
    int enable = bar.kind() == Bar.Kind.IO ? PciRegs.COMMAND_IO : PciRegs.COMMAND_MEMORY;
    if ((config.load(PciRegs.COMMAND, 2) & enable) == 0) {
      return Optional.empty();
    }
    long address = address(bar);
    return in.windowFor(bar, address).map(window -> new Place(window, address - window.base()));
  }

  /** Lets a write through and then moves what it moved. */
  private final class Mover implements ConfigTrap {
    @Override
    public boolean write(int offset, int size, int value) {
      config.writeMasked(offset, size, value);
      sync();
      return true;
    }
  }
}
