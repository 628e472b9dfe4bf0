package org.nvlink2vmm.vmm.guest;

import java.util.List;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** What a kernel and a driver expect of the functions as such. */
final class PciChecks {
  static final int NVIDIA = 0x10de;
  static final int IBM = 0x1014;
  static final int NPU2_BRIDGE = 0x04ea;

  /** Base and sub-class of an NPU2 bridge; NVIDIA's driver ignores the low bit of the interface. */
  private static final int NPU2_CLASS = 0x068000;

  private static final int REG_CELLS = 5;

  private PciChecks() {}

  static void check(List<GuestFunction> functions, Checks checks) {
    checks.check(
        "pci-scan", !functions.isEmpty(), "%d PCI functions found".formatted(functions.size()));
    for (GuestFunction function : functions) {
      placement(function, checks);
      node(function, checks);
      if (function.vendor() == IBM && function.device() == NPU2_BRIDGE) {
        bridge(function, checks);
      }
    }
  }

  private static void placement(GuestFunction function, Checks checks) {
    long without = function.bars().stream().filter(bar -> !bar.isPlaced()).count();
    checks.check(
        "pci-bars",
        without == 0,
        "%s: %d BARs, %d without room in a window"
            .formatted(function.bdf(), function.bars().size(), without));
  }

  /**
   * The node's {@code reg} names the BARs with their sizes; a guest without firmware relies on it.
   */
  private static void node(GuestFunction function, Checks checks) {
    if (function.node().isEmpty()) {
      checks.fail("pci-node", "%s has no node in the tree".formatted(function.bdf()));
      return;
    }
    Node node = function.node().get();
    boolean same =
        node.u32("vendor-id").orElse(0) == function.vendor()
            && node.u32("device-id").orElse(0) == function.device()
            && node.u32("class-code").orElse(0) == function.classCode();
    checks.check(
        "pci-node", same && bars(function, node), "%s is %s".formatted(function.bdf(), node));
  }

  private static boolean bars(GuestFunction function, Node node) {
    Property reg = node.property("reg").orElse(Property.empty("reg"));
    int told = 0;
    for (int at = REG_CELLS; at + REG_CELLS <= reg.cellCount(); at += REG_CELLS) {
      int index = ((reg.cell(at) & 0xff) - ConfigAccess.BAR0) / 4;
      long size = reg.cellPair(at + 3);
      boolean found = function.bar(index).filter(bar -> bar.size() == size).isPresent();
      if (!found) {
        return false;
      }
      told++;
    }
    return told == function.bars().size();
  }

  private static void bridge(GuestFunction function, Checks checks) {
    checks.check(
        "N1",
        (function.classCode() & ~1) == NPU2_CLASS,
        "%s has class %06x".formatted(function.bdf(), function.classCode()));
    boolean genid = function.bars().size() >= 2 && function.bars().get(1).size() == 0x1_0000;
    checks.check(
        "N2", genid, "%s: second memory BAR is one page of 64 KiB".formatted(function.bdf()));
    int pin = function.config().read(ConfigAccess.INTERRUPT_PIN, 1);
    checks.check("N3", pin != 0, "%s: interrupt pin %d".formatted(function.bdf(), pin));
    checks.check(
        "N4", function.vendor() == IBM, "%s: vendor id reads %04x".formatted(function.bdf(), IBM));
  }
}
