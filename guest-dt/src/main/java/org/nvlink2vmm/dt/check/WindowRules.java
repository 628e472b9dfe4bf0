package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Rules about address windows: overlap, alignment, the PCI addresses of functions. */
final class WindowRules {
  static final List<Rule> RULES =
      List.of(
          Rule.error(
              "reg_overlap",
              "no two windows of memory, PCI or ATSD registers overlap",
              WindowRules::regOverlap),
          Rule.error(
              "reg_unique", "no two nodes of a bus have one address", WindowRules::regUnique),
          Rule.error(
              "window_alignment",
              "memory and PCI windows are aligned to 64 KiB pages",
              WindowRules::alignment),
          Rule.error(
              "pci_ranges", "PCI windows are of a known kind and fit it", WindowRules::pciRanges),
          Rule.error(
              "pci_bridge", "PCI host bridges have ranges and a bus range", WindowRules::pciBridge),
          Rule.error(
              "pci_device_reg",
              "reg of a PCI function is its config space, then its BARs",
              WindowRules::pciDeviceReg),
          Rule.warning(
              "pci_device_bus_num",
              "functions are on buses of their host bridge",
              WindowRules::pciDeviceBusNum));

  /** Bytes that the kernel and the driver map of an ATSD register set. */
  private static final int ATSD_BYTES = 32;

  private static final int PAGE = 0x10000;

  /** Cells of an entry in {@code ranges} of a PCI host bridge below a root with 2 and 2 cells. */
  private static final int PCI_ADDRESS_CELLS = 3;

  private WindowRules() {}

  private static void regOverlap(GuestTree guest, Reporter reporter) {
    Map<Node, List<Window>> byParent = new HashMap<>();
    List<Node> parents = new ArrayList<>();
    for (Node node : guest.nodes()) {
      Node parent = node.parent().orElse(null);
      if (parent == null || guest.isFunction(node)) {
        continue;
      }
      List<Window> windows = byParent.get(parent);
      if (windows == null) {
        windows = new ArrayList<>();
        byParent.put(parent, windows);
        parents.add(parent);
      }
      if (guest.hostBridges().contains(node)) {
        // Its reg is a bus unit id, or registers that contain the ATSDs: no window of its own.
        addRanges(node, windows);
        addAtsds(node, windows);
      } else {
        addReg(node, windows);
      }
    }
    parents.forEach(parent -> findOverlaps(byParent.get(parent), reporter));
  }

  private static void findOverlaps(List<Window> windows, Reporter reporter) {
    Collections.sort(windows);
    Window highest = null;
    for (Window window : windows) {
      if (window.wraps()) {
        reporter.fail(
            window.node(), "%s runs past the end of addresses.".formatted(window.toString()));
        continue;
      }
      if (highest != null && Long.compareUnsigned(window.base(), highest.last()) <= 0) {
        reporter.fail(
            window.node(),
            "%s overlaps %s of %s: the guest reaches one through the other."
                .formatted(window, highest, highest.node().path()));
      }
      if (highest == null || Long.compareUnsigned(window.last(), highest.last()) > 0) {
        highest = window;
      }
    }
  }

  private static void add(List<Window> windows, Node node, String what, long base, long size) {
    if (size != 0) {
      windows.add(new Window(node, what, base, size));
    }
  }

  private static void addReg(Node node, List<Window> windows) {
    Node parent = node.parent().orElseThrow();
    int addressCells = Cells.addressCells(parent);
    int sizeCells = Cells.sizeCells(parent);
    Property reg = node.property("reg").orElse(null);
    if (reg == null || addressCells == 0 || sizeCells == 0) {
      return;
    }
    int entry = addressCells + sizeCells;
    for (int at = 0; at + entry <= reg.cellCount(); at += entry) {
      add(
          windows,
          node,
          "reg",
          Cells.number(reg, at, addressCells),
          Cells.number(reg, at + addressCells, sizeCells));
    }
  }

  private static void addRanges(Node node, List<Window> windows) {
    for (PciRange range : PciRange.of(node)) {
      add(windows, node, "PCI window", range.cpuAddress(), range.size());
    }
  }

  private static void addAtsds(Node node, List<Window> windows) {
    Property atsds = node.property("ibm,mmio-atsd").orElse(null);
    for (int at = 0; atsds != null && at + 2 <= atsds.cellCount(); at += 2) {
      add(windows, node, "ATSD registers", atsds.cellPair(at), ATSD_BYTES);
    }
  }

  private static void regUnique(GuestTree guest, Reporter reporter) {
    for (Node parent : guest.nodes()) {
      Map<Long, Node> owners = new HashMap<>();
      boolean sizeless = Cells.sizeCells(parent) == 0;
      int cells = Cells.addressCells(parent);
      for (Node child : parent.children()) {
        Property reg = child.property("reg").orElse(null);
        boolean function = guest.isFunction(child);
        if (reg == null || cells == 0 || reg.cellCount() < cells || !(sizeless || function)) {
          continue;
        }
        long address =
            function ? reg.cell(0) & 0xffff00L : Cells.number(reg, 0, Math.min(cells, 2));
        Node owner = owners.putIfAbsent(address, child);
        if (owner != null) {
          reporter.fail(
              child,
              "%s has the same address in reg: only one of the two can answer there."
                  .formatted(owner.path()));
        }
      }
    }
  }

  private static void alignment(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      List<Window> windows = new ArrayList<>();
      if (guest.hostBridges().contains(node)) {
        addRanges(node, windows);
        atsdAlignment(node, reporter);
      } else if (node.string("device_type").orElse("").equals("memory")
          && node.parent().isPresent()) {
        addReg(node, windows);
      }
      for (Window window : windows) {
        if (((window.base() | window.size()) & (PAGE - 1)) != 0) {
          reporter.fail(
              node,
              "%s is not made of whole 64 KiB pages: the guest cannot map it alone."
                  .formatted(window));
        }
      }
    }
  }

  private static void atsdAlignment(Node node, Reporter reporter) {
    Property atsds = node.property("ibm,mmio-atsd").orElse(null);
    for (int at = 0; atsds != null && at + 2 <= atsds.cellCount(); at += 2) {
      long base = atsds.cellPair(at);
      if ((base & (ATSD_BYTES - 1)) != 0) {
        reporter.fail(
            node,
            "ATSD address 0x%x is not aligned to its registers: launches go to wrong offsets."
                .formatted(base));
      } else if ((base & (PAGE - 1)) != 0) {
        reporter.warn(
            node,
            "ATSD address 0x%x shares a 64 KiB page: hardware and VFIO give each set its own page."
                .formatted(base));
      }
    }
  }

  private static void pciRanges(GuestTree guest, Reporter reporter) {
    for (Node node : guest.hostBridges()) {
      for (PciRange range : PciRange.of(node)) {
        if (range.space() == 0) {
          reporter.fail(node, "A window in ranges is of no PCI kind: the kernel passes it over.");
        } else if (range.space() == PciRange.MEMORY_32 && !range.fits32Bits()) {
          reporter.fail(
              node,
              "The 32-bit window at PCI address 0x%x, 0x%x bytes, leaves 32 bits: BARs above are"
                      .formatted(range.pciAddress(), range.size())
                  + " cut off.");
        } else if (range.size() == 0) {
          reporter.fail(node, "A window in ranges is empty: no BAR of its kind can be placed.");
        }
      }
    }
  }

  private static void pciBridge(GuestTree guest, Reporter reporter) {
    for (Node node : guest.hostBridges()) {
      if (!node.has("ranges")) {
        reporter.missing(guest, node, "No ranges: the guest can place no BAR.");
      }
      if (!node.has("bus-range")) {
        reporter.warn(node, "No bus-range: the guest must guess where buses end.");
      }
      if (node.u32("#address-cells").orElse(0) != PCI_ADDRESS_CELLS
          || node.u32("#size-cells").orElse(0) != 2) {
        reporter.fail(node, "PCI has 3 address and 2 size cells: addresses below are misread.");
      }
    }
  }

  private static void pciDeviceReg(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      if (!guest.isFunction(node)) {
        continue;
      }
      Property reg = node.property("reg").orElseThrow();
      int function = reg.cell(0) & 0xffff00;
      if ((reg.cell(0) & 0xff0000ff) != 0) {
        reporter.fail(
            node, "reg does not start with the config space: firmware misses the function.");
      }
      for (int at = 5; at + 5 <= reg.cellCount(); at += 5) {
        int high = reg.cell(at);
        int register = high & 0xff;
        long size = reg.cellPair(at + 3);
        if ((high & 0xffff00) != function) {
          reporter.fail(node, "reg entry %d is another function's.".formatted(at / 5));
        } else if (!isBarRegister(register) || (high & 0x03000000) == 0) {
          reporter.fail(
              node,
              "reg entry %d is no BAR (0x%x): firmware writes an address into another register."
                  .formatted(at / 5, high));
        } else if (Long.bitCount(size) != 1) {
          reporter.fail(
              node,
              "The BAR at register 0x%x has 0x%x bytes, no power of two: no hardware decodes that."
                  .formatted(register, size));
        }
      }
    }
  }

  private static boolean isBarRegister(int register) {
    return (register >= 0x10 && register <= 0x24 && register % 4 == 0) || register == 0x30;
  }

  private static void pciDeviceBusNum(GuestTree guest, Reporter reporter) {
    for (Node node : guest.nodes()) {
      Node hostBridge = guest.hostBridge(node).orElse(null);
      if (hostBridge == null || !guest.isFunction(node)) {
        continue;
      }
      long range = hostBridge.u64("bus-range").orElse(0xff);
      int bus = (node.u32("reg").orElseThrow() >>> 16) & 0xff;
      if (bus < (range >>> 32) || bus > (range & 0xffffffffL)) {
        reporter.fail(
            node, "Bus 0x%x is outside bus-range: the guest never looks there.".formatted(bus));
      }
    }
  }
}
