package org.nvlink2vmm.vmm.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * A host bridge as its node describes it.
 *
 * @param domain the number a kernel gives it: its place among the host bridges of the tree
 * @param buid from {@code reg}
 */
record GuestHostBridge(Node node, int domain, long buid, List<Window> windows) {
  private static final int RANGE_CELLS = 7;

  GuestHostBridge {
    windows = List.copyOf(windows);
  }

  /**
   * A window of {@code ranges}.
   *
   * @param space 1 I/O, 2 memory below 4 GiB, 3 memory above
   * @param pci address on the bus
   * @param gpa address for the guest
   */
  record Window(int space, long pci, long gpa, long size) {}

  /** The bridge of a node that is one for a pseries guest: by type and {@code reg}. */
  static Optional<GuestHostBridge> of(Node node, int domain) {
    boolean isBridge =
        node.string("device_type").filter("pci"::equals).isPresent()
            && node.isCompatible("IBM,Logical_PHB")
            && node.u64("reg").isPresent();
    return isBridge
        ? Optional.of(new GuestHostBridge(node, domain, node.u64("reg").getAsLong(), windows(node)))
        : Optional.empty();
  }

  private static List<Window> windows(Node node) {
    List<Window> windows = new ArrayList<>();
    Property ranges = node.property("ranges").orElse(Property.empty("ranges"));
    for (int at = 0; at + RANGE_CELLS <= ranges.cellCount(); at += RANGE_CELLS) {
      windows.add(
          new Window(
              ranges.cell(at) >>> 24 & 3,
              ranges.cellPair(at + 1),
              ranges.cellPair(at + 3),
              ranges.cellPair(at + 5)));
    }
    return windows;
  }

  Optional<Window> window(int space) {
    return windows.stream().filter(window -> window.space() == space).findFirst();
  }
}
