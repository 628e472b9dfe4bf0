package org.nvlink2vmm.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.it.cli.Vmm.Result;

/** What the run command does with guests that touch GPU memory which nothing carries. */
class StrictRunIT {
  private static final String TOUCHED = "of the GPU at 04:00.0 by ";

  @TempDir private Path folder;

  /**
   * A GPU whose only bridge is described, not of the host: a guest trains it and takes its link for
   * up, while the host's links are down.
   */
  private String machine(boolean strict) throws IOException {
    Path file = folder.resolve("machine.yaml");
    Files.writeString(
        file,
        """
        machine: { strict: %s, memory: 4G }
        host: { tree: witherspoon-4gpu }
        phbs:
          - index: 0
            devices:
              - { slot: 1, device: v100, host: "0004:04:00.0" }
              - { slot: 2, device: npu2-bridge, vfio: { tgt: 0x40000000000, linkSpeed: 8 } }
        """
            .formatted(strict));
    return file.toString();
  }

  /** Loads from the GPU's memory and goes on forever. */
  private String kernel() throws IOException {
    return WordProgram.write(
            folder.resolve("kernel.elf"),
            WordProgram.li(4, 0x4000),
            WordProgram.sldi32(4),
            WordProgram.ld(5, 4),
            WordProgram.SPIN)
        .toString();
  }

  @Test
  void aSimulatedGuestIsStoppedAtItsFirstAccess() throws Exception {
    Result result = Vmm.run("run", machine(true));
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out())
        .contains("stopped by a strict machine: nothing carried an access")
        .containsOnlyOnce(TOUCHED)
        .contains("no trained link", "FAIL: 1 checks");
  }

  @Test
  void aKernelIsStoppedAtItsFirstAccess() throws Exception {
    Result result = Vmm.run("run", machine(true), "--kernel", kernel(), "--timeout", "100");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("stopped by a strict machine: nothing carried an access");
    assertThat(result.err()).contains("cpu 0 at 0x100c");
    assertThat(result.out())
        .contains("load of 8 bytes at 0x", TOUCHED + "cpu 0: no trained link", "ended: halted");
  }

  @Test
  void aKernelOfAnyOtherMachineRunsOnAndFailsByTheFinding() throws Exception {
    Result result = Vmm.run("run", machine(false), "--kernel", kernel(), "--json");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out())
        .contains("\"end\" : \"endless-loop\"", "\"findings\" : [", TOUCHED + "cpu 0");
  }
}
