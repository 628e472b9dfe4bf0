package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.check.CheckResult;
import org.nvlink2vmm.dt.check.GuestRules;

class CompleteMachinePassesTest {
  @Test
  void aCompleteMachineGivesNotEvenAWarning() {
    Map<String, Integer> tokens = new HashMap<>();
    for (String call :
        List.of(
            "ibm,read-pci-config",
            "ibm,set-eeh-option",
            "ibm,set-slot-reset",
            "ibm,slot-error-detail",
            "ibm,read-slot-reset-state2",
            "ibm,configure-pe")) {
      tokens.put(call, 0x2000 + tokens.size());
    }
    MachineType type = Compat.CORRECTED.newestMachineType();
    MachineDescription machine =
        new MachineDescription(
            Compat.CORRECTED,
            type,
            Affinity.FORM1,
            GuestMemory.of(4 * Machines.GIB, 4 * Machines.GIB),
            List.of(
                VphbDescription.of(0, type, true, sixLinks(0, 0x40000000000L)),
                VphbDescription.of(1, type, true, sixLinks(1, 0xc0000000000L))),
            List.of(
                new PlatformPart.Identity("00000000-0000-0000-0000-000000000001", "guest"),
                new PlatformPart.InterruptController(2),
                new PlatformPart.Vdevice(List.of(VioDevice.terminal(0x7100_0000, 0x1100))),
                new PlatformPart.Cpus(List.of(CpuDescription.power9(0), CpuDescription.power9(1))),
                new PlatformPart.EventSources(0x1000, 0x1001),
                new PlatformPart.Rtas(tokens, 0x1000, 0x6f0_0000, List.of("hcall-tce")),
                new PlatformPart.Chosen("", 0, 0, "/vdevice/vty@71000000", true)));

    CheckResult result =
        GuestRules.check(SpaprTree.write(machine, MachineLayout.afterResets(machine, 1)));

    assertThat(result.failures()).isEmpty();
    assertThat(result.warnings()).isEmpty();
  }

  /** Three GPUs with two links each. */
  private static List<PciFunctionDescription> sixLinks(int vphb, long firstTgt) {
    List<PciFunctionDescription> functions = new ArrayList<>();
    for (int gpu = 0; gpu < 3; gpu++) {
      long tgt = firstTgt + ((long) gpu << 37);
      functions.add(Devices.gpu("gpu%d%d".formatted(vphb, gpu), 1 + gpu, tgt));
      for (int link = 0; link < 2; link++) {
        String name = "npu%d%d%d".formatted(vphb, gpu, link);
        functions.add(Devices.bridge(name, 8 + gpu, link, tgt));
      }
    }
    return functions;
  }
}
