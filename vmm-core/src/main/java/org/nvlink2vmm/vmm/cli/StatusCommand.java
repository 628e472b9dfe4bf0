package org.nvlink2vmm.vmm.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code vmm status}. */
@Command(
    name = "status",
    description = "Prints what the servers of a folder are doing.",
    footer = {"", "Example: vmm status /run/vmm"})
final class StatusCommand implements Callable<Integer> {
  /** Registers of a list that are printed without {@code -v}. */
  private static final int PRINTED = 8;

  @Mixin private Common common;

  @Parameters(paramLabel = "DIR", description = "The --dir of vmm serve.")
  private Path folder;

  @Option(names = "--json", description = "One JSON document.")
  private boolean json;

  @Override
  public Integer call() {
    String answer = StatusSocket.ask(folder);
    if (json) {
      common.out().println(answer);
      return ExitStatus.GOOD.code();
    }
    JsonNode document;
    try {
      document = new JsonMapper().readTree(answer);
    } catch (JacksonException e) {
      throw new EnvironmentError("The server of " + folder + " answers no JSON");
    }
    for (JsonNode server : document.path("servers")) {
      common
          .out()
          .printf(
              "%-10s %-8s %10d messages %6d errors %6d dma maps  %s%n",
              server.path("device").asString(),
              server.path("attached").asBoolean() ? "attached" : "waiting",
              server.path("messages").asLong(),
              server.path("errors").asLong(),
              server.path("dmaMaps").asLong(),
              server.path("socket").asString());
    }
    print("unmodelled", document.path("unmodelled"));
    print("refused", document.path("refused"));
    for (JsonNode spin : document.path("spins")) {
      common.out().println("spin: " + place(spin) + ", always " + spin.path("value").asString());
    }
    return ExitStatus.GOOD.code();
  }

  private void print(String what, JsonNode list) {
    int shown = common.verbose() ? list.size() : Math.min(PRINTED, list.size());
    for (int i = 0; i < shown; i++) {
      JsonNode count = list.get(i);
      common
          .out()
          .printf(
              "%s: %s: %d reads, %d writes%s%n",
              what,
              place(count),
              count.path("reads").asLong(),
              count.path("writes").asLong(),
              count.has("lastValue") ? ", last " + count.path("lastValue").asString() : "");
    }
    if (shown < list.size()) {
      common.out().printf("%s: %d registers more, -v names them%n", what, list.size() - shown);
    }
  }

  private static String place(JsonNode register) {
    return register.path("region").asString()
        + " at "
        + register.path("offset").asString()
        + ", "
        + register.path("width").asInt()
        + " bytes wide";
  }
}
