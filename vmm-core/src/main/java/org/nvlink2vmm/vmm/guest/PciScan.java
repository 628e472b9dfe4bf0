package org.nvlink2vmm.vmm.guest;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nvlink2vmm.dt.tree.Node;

/** Finds the functions behind one host bridge, sizes their BARs, places them, turns them on. */
final class PciScan {
  private static final int MAX_BUSES = 256;
  private static final int MULTI_FUNCTION = 0x80;
  private static final int BRIDGE = 1;

  private final GuestMachine machine;
  private final GuestHostBridge bridge;
  private final List<Found> found = new ArrayList<>();
  private final Map<GuestHostBridge.Window, Long> next = new HashMap<>();
  private int lastBus;

  private PciScan(GuestMachine machine, GuestHostBridge bridge) {
    this.machine = machine;
    this.bridge = bridge;
  }

  /** A function before its BARs have a place. */
  private record Found(ConfigAccess config, Optional<Node> node, List<GuestBar> sizes) {}

  /** All functions, turned on, in the order of the scan. */
  static List<GuestFunction> of(GuestMachine machine, GuestHostBridge bridge) {
    PciScan scan = new PciScan(machine, bridge);
    scan.bus(0, bridge.node());
    return scan.place();
  }

  private void bus(int bus, Node parent) {
    for (int device = 0; device < 32; device++) {
      ConfigAccess first = new ConfigAccess(machine, bridge.buid(), bus, device << 3);
      if (!first.exists()) {
        continue;
      }
      int functions = (first.read(ConfigAccess.HEADER_TYPE, 1) & MULTI_FUNCTION) != 0 ? 8 : 1;
      for (int function = 0; function < functions; function++) {
        ConfigAccess config = new ConfigAccess(machine, bridge.buid(), bus, device << 3 | function);
        if (config.exists()) {
          function(config, parent);
        }
      }
    }
  }

  private void function(ConfigAccess config, Node parent) {
    Optional<Node> node = nodeOf(parent, config);
    boolean isBridge = (config.read(ConfigAccess.HEADER_TYPE, 1) & 0x7f) == BRIDGE;
    found.add(new Found(config, node, sizes(config, isBridge ? 2 : 6)));
    if (isBridge && lastBus < MAX_BUSES - 1) {
      int secondary = ++lastBus;
      config.write(ConfigAccess.PRIMARY_BUS, 1, config.bus());
      config.write(ConfigAccess.PRIMARY_BUS + 1, 1, secondary);
      config.write(ConfigAccess.PRIMARY_BUS + 2, 1, MAX_BUSES - 1);
      bus(secondary, node.orElse(parent));
      config.write(ConfigAccess.PRIMARY_BUS + 2, 1, lastBus);
    }
  }

  /** The child whose {@code reg} has this device and function; Linux compares nothing else. */
  private static Optional<Node> nodeOf(Node parent, ConfigAccess config) {
    return parent.children().stream()
        .filter(
            child ->
                child.u32("reg").isPresent()
                    && (child.u32("reg").getAsInt() >>> 8 & 0xff) == config.devfn())
        .findFirst();
  }

  /** Sizes BARs with decoding off: all ones written, the lowest bit that sticks is the size. */
  private static List<GuestBar> sizes(ConfigAccess config, int registers) {
    int command = config.read(ConfigAccess.COMMAND, 2);
    config.write(
        ConfigAccess.COMMAND,
        2,
        command & ~(ConfigAccess.COMMAND_IO | ConfigAccess.COMMAND_MEMORY));
    List<GuestBar> bars = new ArrayList<>();
    for (int index = 0; index < registers; index++) {
      int offset = ConfigAccess.BAR0 + 4 * index;
      BarKind kind = BarKind.of(config.read(offset, 4));
      boolean wide = kind.isWide() && index + 1 < registers;
      long mask = sizedBits(config, offset) & ~(long) kind.flagMask();
      if (wide) {
        mask |= (long) sizedBits(config, offset + 4) << 32;
      } else {
        mask &= 0xffff_ffffL;
      }
      if (mask != 0) {
        bars.add(new GuestBar(index, kind, Long.lowestOneBit(mask), 0));
      }
      index += wide ? 1 : 0;
    }
    config.write(ConfigAccess.COMMAND, 2, command);
    return bars;
  }

  private static int sizedBits(ConfigAccess config, int offset) {
    int saved = config.read(offset, 4);
    config.write(offset, 4, -1);
    int bits = config.read(offset, 4);
    config.write(offset, 4, saved);
    return bits;
  }

  private record Request(Found function, GuestBar bar) {}

  /** Places the largest BARs first, so that none needs a gap before it. */
  private List<GuestFunction> place() {
    List<Request> requests = new ArrayList<>();
    found.forEach(f -> f.sizes().forEach(bar -> requests.add(new Request(f, bar))));
    requests.sort(Comparator.comparingLong((Request r) -> r.bar().size()).reversed());
    Map<Found, List<GuestBar>> placed = new HashMap<>();
    for (Request request : requests) {
      placed
          .computeIfAbsent(request.function(), _ -> new ArrayList<>())
          .add(place(request.function().config(), request.bar()));
    }
    List<GuestFunction> functions = new ArrayList<>();
    for (Found f : found) {
      List<GuestBar> bars = placed.getOrDefault(f, List.of());
      bars.sort(Comparator.comparingInt(GuestBar::index));
      turnOn(f.config(), bars);
      functions.add(new GuestFunction(bridge, f.config(), bars, f.node()));
    }
    return functions;
  }

  private GuestBar place(ConfigAccess config, GuestBar bar) {
    Optional<GuestHostBridge.Window> window =
        switch (bar.kind()) {
          case IO -> bridge.window(1);
          case MEM32, MEM32_PREFETCHABLE -> bridge.window(2);
          case MEM64, MEM64_PREFETCHABLE -> bridge.window(3).or(() -> bridge.window(2));
        };
    if (window.isEmpty()) {
      return bar;
    }
    long start = next.getOrDefault(window.get(), window.get().pci());
    // Address 0 of the I/O window means "not assigned" to many drivers.
    long pci = (Math.max(start, bar.size()) + bar.size() - 1) & -bar.size();
    if (pci - window.get().pci() > window.get().size() - bar.size()) {
      return bar;
    }
    next.put(window.get(), pci + bar.size());
    int offset = ConfigAccess.BAR0 + 4 * bar.index();
    config.write(offset, 4, (int) pci);
    if (bar.kind().isWide()) {
      config.write(offset + 4, 4, (int) (pci >>> 32));
    }
    return new GuestBar(
        bar.index(), bar.kind(), bar.size(), pci - window.get().pci() + window.get().gpa());
  }

  private static void turnOn(ConfigAccess config, List<GuestBar> bars) {
    int command = config.read(ConfigAccess.COMMAND, 2) | ConfigAccess.COMMAND_MASTER;
    for (GuestBar bar : bars) {
      if (bar.isPlaced()) {
        command |= bar.kind() == BarKind.IO ? ConfigAccess.COMMAND_IO : ConfigAccess.COMMAND_MEMORY;
      }
    }
    config.write(ConfigAccess.COMMAND, 2, command);
  }
}
