package org.nvlink2vmm.dt.check;

import java.util.Map;
import java.util.Optional;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;

/** The nodes of a tree by phandle. */
record Phandles(Map<Integer, Node> byPhandle) {
  static Phandles of(DeviceTree tree) {
    return new Phandles(tree.phandles());
  }

  Optional<Node> find(int phandle) {
    return Optional.ofNullable(byPhandle.get(phandle));
  }
}
