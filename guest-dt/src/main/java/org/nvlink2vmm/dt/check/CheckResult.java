package org.nvlink2vmm.dt.check;

import java.util.List;

/**
 * What all rules say about a tree.
 *
 * @param findings at least one for each rule, in the order of the rules
 */
public record CheckResult(List<Finding> findings) {
  public CheckResult {
    findings = List.copyOf(findings);
  }

  /** Whether no rule failed; warnings and skipped rules do not count. */
  public boolean passed() {
    return failures().isEmpty();
  }

  public List<Finding> failures() {
    return with(Outcome.FAIL);
  }

  public List<Finding> warnings() {
    return with(Outcome.WARN);
  }

  /** The findings of one outcome. */
  public List<Finding> with(Outcome outcome) {
    return findings.stream().filter(finding -> finding.outcome() == outcome).toList();
  }

  /** One line a finding: rule, outcome, node if any, reason. */
  public String text() {
    int width = findings.stream().mapToInt(finding -> finding.rule().length()).max().orElse(0);
    StringBuilder text = new StringBuilder();
    for (Finding finding : findings) {
      text.append(finding.rule())
          .repeat(' ', width - finding.rule().length() + 2)
          .append("%-4s  ".formatted(finding.outcome().label()));
      if (!finding.node().isEmpty()) {
        text.append(Printable.of(finding.node())).append(": ");
      }
      text.append(Printable.of(finding.reason())).append('\n');
    }
    return text.toString();
  }
}
