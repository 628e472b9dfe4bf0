package org.nvlink2vmm.vmm.cli;

import java.util.concurrent.Callable;
import org.nvlink2vmm.dt.check.CheckResult;
import org.nvlink2vmm.dt.check.Finding;
import org.nvlink2vmm.dt.check.GuestRules;
import org.nvlink2vmm.dt.check.Outcome;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vmm check}. */
@Command(
    name = "check",
    description = "Holds a guest device tree against what NVLink2 guests expect.",
    footer = {"", "Example: vmm dt witherspoon-6gpu | vmm check -"})
final class CheckCommand implements Callable<Integer> {
  @Mixin private Common common;

  @Parameters(paramLabel = "TREE", description = "A .dtb or .dts file; - for standard input.")
  private String tree;

  @Option(names = "--json", description = "One JSON document.")
  private boolean json;

  @Override
  public Integer call() {
    CheckResult result = GuestRules.check(TreeArgument.read(tree));
    if (json) {
      common.out().println(Json.text(document(result)));
    } else {
      common.out().print(result.text());
    }
    return ExitStatus.of(result.passed()).code();
  }

  private static ObjectNode document(CheckResult result) {
    ObjectNode document = Json.object().put("result", result.passed() ? "pass" : "fail");
    ArrayNode checks = document.putArray("checks");
    for (Finding finding : result.findings()) {
      checks
          .addObject()
          .put("id", finding.rule())
          .put("ok", finding.outcome() != Outcome.FAIL)
          .put("outcome", finding.outcome().label())
          .put("node", finding.node())
          .put("reason", finding.reason());
    }
    return document;
  }
}
