package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.dt.tree.Node;

/** Collects what one rule finds, of a flood only the first part. */
final class Reporter {
  /** Findings kept of one rule: a broken tree may break a rule at each of its nodes. */
  static final int MOST = 20;

  private final Rule rule;
  private final List<Finding> findings = new ArrayList<>();
  private int more;
  private boolean failed;

  Reporter(Rule rule) {
    this.rule = rule;
  }

  /** The rule is broken at {@code node}; {@code reason} says what breaks in the guest. */
  void fail(Node node, String reason) {
    add(rule.severity() == Severity.ERROR ? Outcome.FAIL : Outcome.WARN, node, reason);
  }

  /** Something is missing: an error in the tree of a whole machine, a warning in part of one. */
  void missing(GuestTree guest, Node node, String reason) {
    if (guest.isWholeMachine()) {
      fail(node, reason);
    } else {
      warn(node, reason);
    }
  }

  /** The rule is bent at {@code node} in a way that a guest survives. */
  void warn(Node node, String reason) {
    add(Outcome.WARN, node, reason);
  }

  /** The rule cannot be judged. */
  void skip(String reason) {
    findings.add(new Finding(rule.id(), Outcome.SKIP, "", reason));
  }

  private void add(Outcome outcome, Node node, String reason) {
    failed |= outcome == Outcome.FAIL;
    // A failure behind a flood of warnings must still show.
    boolean firstFailure = outcome == Outcome.FAIL && findings.stream().noneMatch(Reporter::isFail);
    if (findings.size() < MOST || firstFailure) {
      findings.add(new Finding(rule.id(), outcome, node.path(), reason));
    } else {
      more++;
    }
  }

  private static boolean isFail(Finding finding) {
    return finding.outcome() == Outcome.FAIL;
  }

  boolean failed() {
    return failed;
  }

  /** At least one finding: the rule holds when nothing was reported. */
  List<Finding> findings() {
    if (findings.isEmpty()) {
      return List.of(new Finding(rule.id(), Outcome.OK, "", rule.title()));
    }
    if (more > 0) {
      findings.add(
          new Finding(
              rule.id(),
              failed ? Outcome.FAIL : Outcome.WARN,
              "",
              "%d more findings of this rule are not shown".formatted(more)));
      more = 0;
    }
    return findings;
  }
}
