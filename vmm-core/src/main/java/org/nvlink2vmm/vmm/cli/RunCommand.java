package org.nvlink2vmm.vmm.cli;

import java.util.concurrent.Callable;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.guest.BuiltinGuests;
import org.nvlink2vmm.vmm.guest.Guest;
import org.nvlink2vmm.vmm.guest.GuestReport;
import org.nvlink2vmm.vmm.machine.ConfigError;
import org.nvlink2vmm.vmm.machine.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vmm run}. */
@Command(
    name = "run",
    description = "Builds a machine, starts a guest on it, prints what the guest found and did.",
    footer = {"", "Example: vmm run witherspoon-6gpu --json"})
final class RunCommand implements Callable<Integer> {
  @Mixin private Common common;
  @Mixin private MachineArgument machine;

  @Option(
      names = "--guest",
      paramLabel = "NAME",
      description = "The simulated guest (default nvlink2-probe).")
  private String guest = "nvlink2-probe";

  @Option(names = "--json", description = "One JSON document.")
  private boolean json;

  @Override
  public Integer call() {
    long start = System.nanoTime();
    Guest program =
        BuiltinGuests.find(guest)
            .orElseThrow(
                () ->
                    new ConfigError(
                        "--guest", '"' + guest + '"', "one of " + BuiltinGuests.names()));
    PluginCatalogue plugins = PluginCatalogue.installed();
    try (Machine built = Machine.build(machine.read(plugins), plugins)) {
      built.messages().forEach(common::remark);
      GuestReport report = program.run(built.boot());
      long millis = (System.nanoTime() - start) / 1_000_000;
      boolean good = report.passed() && built.failures().isEmpty();
      if (json) {
        common.out().println(Json.text(RunReport.json(report, good, millis)));
      } else {
        RunReport.print(report, good, millis, common.verbose(), common.out());
      }
      return good ? ExitStatus.GOOD.code() : ExitStatus.BAD.code();
    }
  }
}
