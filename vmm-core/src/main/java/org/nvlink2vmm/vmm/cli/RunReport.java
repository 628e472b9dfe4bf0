package org.nvlink2vmm.vmm.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nvlink2vmm.vmm.guest.GuestReport;
import org.nvlink2vmm.vmm.guest.GuestReport.Check;
import org.nvlink2vmm.vmm.guest.GuestReport.Outcome;
import org.nvlink2vmm.vmm.machine.Sizes;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a guest found and what the host noticed, for people and for programs.
 *
 * @param good whether the run passed
 * @param millis from the start of the command to the end of the guest
 */
record RunReport(GuestReport report, HostReport host, boolean good, long millis) {
  private static final Map<Integer, String> LINK_SPEEDS = Map.of(3, "20", 8, "25.78", 9, "25");

  void print(boolean verbose, PrintWriter out) {
    out.printf("guest %s: %d PCI functions%n%n", report.guest(), report.pci().size());
    if (verbose) {
      functions(report, out);
    }
    gpus(report, out);
    links(report, out);
    checks(report.checks(), verbose, out);
    report.notes().forEach(out::println);
    host.print(verbose, out);
    out.printf(
        "%s: %d checks, %d invalidations, %d translations, %d ms%n",
        good ? "PASS" : "FAIL",
        report.checks().size(),
        report.ats().invalidations(),
        report.ats().translations(),
        millis);
  }

  private static void functions(GuestReport report, PrintWriter out) {
    for (GuestReport.Function function : report.pci()) {
      out.printf(
          "%s  %04x:%04x  class %06x%n",
          function.bdf(), function.vendor(), function.device(), function.classCode());
      for (GuestReport.Bar bar : function.bars()) {
        out.printf(
            "    BAR%d  %-9s  at 0x%012x  %s%n",
            bar.index(), Sizes.text(bar.size()), bar.address(), bar.kind());
      }
    }
    out.println();
  }

  private static void gpus(GuestReport report, PrintWriter out) {
    out.println("GPU           tgt            coherent window                   node  links");
    for (GuestReport.Gpu gpu : report.gpus()) {
      String window =
          gpu.memory().isEmpty()
              ? "none"
              : "0x%012x + %s"
                  .formatted(
                      gpu.memory().getFirst().base(), Sizes.text(gpu.memory().getFirst().size()));
      String node =
          gpu.memory().stream()
              .flatMapToInt(memory -> memory.numaNode().stream())
              .mapToObj(Integer::toString)
              .findFirst()
              .orElse("-");
      long trained = gpu.links().stream().filter(GuestReport.Link::trained).count();
      out.printf(
          "%-12s  0x%012x %-33s %-5s %d of %d trained%n",
          gpu.bdf(), gpu.tgt(), window, node, trained, gpu.links().size());
    }
    out.println();
  }

  private static void links(GuestReport report, PrintWriter out) {
    out.println("link  bridge        GPU           Gbit/s  ATSD            state");
    for (GuestReport.Gpu gpu : report.gpus()) {
      for (GuestReport.Link link : gpu.links()) {
        out.printf(
            "%-5d %-13s %-13s %-7s %-15s %s%n",
            link.index(),
            link.bridge(),
            gpu.bdf(),
            LINK_SPEEDS.getOrDefault(link.speed(), "code " + link.speed()),
            link.atsd() == 0 ? "none" : "0x%x".formatted(link.atsd()),
            link.trained() ? "trained" : "DOWN");
      }
    }
    out.println();
  }

  /** One line an id; all of them where something failed or detail is wanted. */
  private static void checks(List<Check> checks, boolean verbose, PrintWriter out) {
    Map<String, List<Check>> byId = new LinkedHashMap<>();
    checks.forEach(check -> byId.computeIfAbsent(check.id(), _ -> new ArrayList<>()).add(check));
    List<String> skipped = new ArrayList<>();
    byId.forEach(
        (id, group) -> {
          Outcome worst = worst(group);
          if (verbose || worst == Outcome.FAIL) {
            group.stream()
                .filter(check -> verbose || check.outcome() == Outcome.FAIL)
                .forEach(check -> line(id, check.outcome(), check.detail(), out));
          } else if (worst == Outcome.SKIP) {
            skipped.add(id);
          } else {
            String more = group.size() == 1 ? "" : " (and %d more)".formatted(group.size() - 1);
            line(id, Outcome.OK, group.getLast().detail() + more, out);
          }
        });
    if (!skipped.isEmpty()) {
      line(String.join(" ", skipped), Outcome.SKIP, "cannot be seen here, -v says why", out);
    }
    out.println();
  }

  /** FAIL if any failed, OK if any was tried, else SKIP. */
  private static Outcome worst(List<Check> group) {
    if (group.stream().anyMatch(check -> check.outcome() == Outcome.FAIL)) {
      return Outcome.FAIL;
    }
    return group.stream().anyMatch(check -> check.outcome() == Outcome.OK)
        ? Outcome.OK
        : Outcome.SKIP;
  }

  private static void line(String id, Outcome outcome, String detail, PrintWriter out) {
    out.printf("%-10s %-5s %s%n", id, text(outcome), detail);
  }

  private static String text(Outcome outcome) {
    return switch (outcome) {
      case OK -> "ok";
      case FAIL -> "FAIL";
      case SKIP -> "skip";
    };
  }

  ObjectNode json() {
    ObjectNode document =
        Json.object().put("result", good ? "pass" : "fail").put("guest", report.guest());
    ArrayNode pci = document.putArray("pci");
    report.pci().forEach(function -> function(pci.addObject(), function));
    ArrayNode gpus = document.putArray("gpus");
    report.gpus().forEach(gpu -> gpu(gpus.addObject(), gpu));
    ArrayNode checks = document.putArray("checks");
    for (Check check : report.checks()) {
      ObjectNode entry = checks.addObject().put("id", check.id());
      entry.put("ok", check.outcome() != Outcome.FAIL);
      entry.put("skipped", check.outcome() == Outcome.SKIP).put("detail", check.detail());
    }
    document
        .putObject("ats")
        .put("translations", report.ats().translations())
        .put("invalidations", report.ats().invalidations());
    ArrayNode notes = document.putArray("notes");
    report.notes().forEach(notes::add);
    host.addTo(document);
    return document.put("elapsedMillis", millis);
  }

  private static void function(ObjectNode entry, GuestReport.Function function) {
    entry
        .put("bdf", function.bdf())
        .put("vendor", "0x%04x".formatted(function.vendor()))
        .put("device", "0x%04x".formatted(function.device()))
        .put("class", "0x%06x".formatted(function.classCode()));
    ArrayNode bars = entry.putArray("bars");
    for (GuestReport.Bar bar : function.bars()) {
      bars.addObject()
          .put("index", bar.index())
          .put("size", Json.hex(bar.size()))
          .put("address", Json.hex(bar.address()))
          .put("kind", bar.kind());
    }
  }

  private static void gpu(ObjectNode entry, GuestReport.Gpu gpu) {
    entry.put("bdf", gpu.bdf()).put("tgt", Json.hex(gpu.tgt()));
    for (GuestReport.Memory memory : gpu.memory()) {
      ObjectNode window =
          entry
              .putObject("memory")
              .put("base", Json.hex(memory.base()))
              .put("size", Json.hex(memory.size()));
      memory.numaNode().ifPresent(node -> window.put("numaNode", node));
    }
    ArrayNode links = entry.putArray("links");
    for (GuestReport.Link link : gpu.links()) {
      links
          .addObject()
          .put("bridge", link.bridge())
          .put("index", link.index())
          .put("speed", link.speed())
          .put("atsd", Json.hex(link.atsd()))
          .put("trained", link.trained());
    }
  }
}
