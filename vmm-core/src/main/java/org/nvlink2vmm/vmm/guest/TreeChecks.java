package org.nvlink2vmm.vmm.guest;

import org.nvlink2vmm.dt.tree.DeviceTree;

/** Holds the tree in memory against the acceptance checklist. */
final class TreeChecks {
  private final Checks checks;

  TreeChecks(Checks checks) {
    this.checks = checks;
  }

  void check(DeviceTree tree) {
    checks.check("tree", !tree.root().children().isEmpty(), "the tree has nodes");
  }
}
