package org.nvlink2vmm.vmm.guest;

import org.nvlink2vmm.dt.check.Finding;
import org.nvlink2vmm.dt.check.GuestRules;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** Holds the tree in memory against the acceptance checklist. */
final class TreeChecks {
  private TreeChecks() {}

  static void check(DeviceTree tree, Checks checks) {
    int sound = 0;
    for (Finding finding : GuestRules.check(tree).findings()) {
      String detail =
          finding.node().isEmpty() ? finding.reason() : finding.node() + ": " + finding.reason();
      switch (finding.outcome()) {
        case OK -> {
          if (isChecklist(finding.rule())) {
            checks.ok(finding.rule(), detail);
          } else {
            sound++;
          }
        }
        case FAIL -> checks.fail(finding.rule(), detail);
        case WARN -> checks.ok(finding.rule(), "warning: " + detail);
        case SKIP -> checks.skip(finding.rule(), detail);
      }
    }
    checks.ok("tree", sound + " rules of well-formed trees hold");
  }

  /** The numbered expectations of kernel and driver, as against the rules that any tree obeys. */
  private static boolean isChecklist(String rule) {
    return rule.matches("[GN]\\d+");
  }
}
