package org.nvlink2vmm.it.ats;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.vmm.device.HostHardware;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.guest.AtsStress;
import org.nvlink2vmm.vmm.guest.Guest;
import org.nvlink2vmm.vmm.guest.GuestReport;
import org.nvlink2vmm.vmm.guest.GuestReport.Outcome;
import org.nvlink2vmm.vmm.guest.NvlinkProbe;
import org.nvlink2vmm.vmm.machine.BuiltinMachines;
import org.nvlink2vmm.vmm.machine.Machine;

/** The guests that translate, on whole machines. */
final class StressGuestIT {
  private static GuestReport run(Guest guest, String name) {
    PluginCatalogue plugins = PluginCatalogue.installed();
    try (Machine machine = Machine.build(BuiltinMachines.readOrBuiltin(name, plugins), plugins)) {
      GuestReport report = guest.run(machine.boot());
      assertThat(report.checks()).noneMatch(check -> check.outcome() == Outcome.FAIL);
      assertThat(machine.host().orElseThrow().findings())
          .allMatch(line -> line.startsWith(HostHardware.REMARK));
      return report;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"witherspoon-6gpu", "witherspoon-4gpu"})
  void noThreadSeesStaleDataWhilePageTablesChange(String machine) {
    GuestReport report = run(new AtsStress(Duration.ofSeconds(2)), machine);

    assertThat(report.checks().stream().filter(check -> check.id().equals("stress")))
        .hasSize(report.gpus().size());
    assertThat(report.ats().translations()).isPositive();
    assertThat(report.ats().invalidations()).isPositive();
    assertThat(report.notes()).hasSize(2);
    assertThat(report.notes().getFirst()).contains("walks", "faults");
    assertThat(report.notes().getLast()).matches(".*64 KiB [1-9].* 2 MiB [1-9].* 1 GiB [1-9].*");
  }

  @ParameterizedTest
  @ValueSource(strings = {"witherspoon-6gpu", "witherspoon-4gpu"})
  void theProbeMovesDataByEffectiveAddresses(String machine) {
    GuestReport report = run(new NvlinkProbe(), machine);

    assertThat(report.ats().translations()).isPositive();
    assertThat(report.checks())
        .anyMatch(check -> check.id().equals("shootdown") && check.outcome() == Outcome.OK);
  }
}
