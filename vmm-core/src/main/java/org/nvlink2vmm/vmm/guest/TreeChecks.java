package org.nvlink2vmm.vmm.guest;

import org.nvlink2vmm.dt.check.Finding;
import org.nvlink2vmm.dt.check.GuestRules;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** Holds the tree in memory against the acceptance checklist. */
final class TreeChecks {
  private TreeChecks() {}

  static void check(DeviceTree tree, Checks checks) {
    for (Finding finding : GuestRules.check(tree).findings()) {
      String detail =
          finding.node().isEmpty() ? finding.reason() : finding.node() + ": " + finding.reason();
      switch (finding.outcome()) {
        case OK -> checks.ok(finding.rule(), detail);
        case FAIL -> checks.fail(finding.rule(), detail);
        case WARN -> checks.ok(finding.rule(), "warning: " + detail);
        case SKIP -> checks.skip(finding.rule(), detail);
      }
    }
  }
}
