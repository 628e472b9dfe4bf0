package org.nvlink2vmm.vmm.guest;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.tree.Node;

/**
 * A PCI function that a guest found.
 *
 * @param bridge the host bridge it is behind
 * @param node its node in the tree, if it has one
 */
record GuestFunction(
    GuestHostBridge bridge, ConfigAccess config, List<GuestBar> bars, Optional<Node> node) {
  GuestFunction {
    bars = List.copyOf(bars);
  }

  int vendor() {
    return config.read(ConfigAccess.VENDOR, 2);
  }

  int device() {
    return config.read(ConfigAccess.VENDOR + 2, 2);
  }

  /** 24 bits. */
  int classCode() {
    return config.read(ConfigAccess.CLASS, 4) >>> 8;
  }

  Optional<GuestBar> bar(int index) {
    return bars.stream().filter(bar -> bar.index() == index).findFirst();
  }

  String bdf() {
    return "%04x:%02x:%02x.%x"
        .formatted(bridge.domain(), config.bus(), config.devfn() >> 3, config.devfn() & 7);
  }
}
