package org.nvlink2vmm.it.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.MachineFileReader;
import org.nvlink2vmm.vmm.spapr.Rtas;

/**
 * {@code ibm,set-slot-reset} of a guest resets the endpoint in the host as its firmware does. The
 * bridges alone are given to the guest, so that no reset of a GPU hides what happens to them.
 */
class SlotResetIT {
  private static final long BUID = 0x800_0000_2000_0000L;
  private static final int BRIDGE = 1 << 11;
  private static final int VENDOR_CAPABILITY = 9;
  private static final int LINK_UP = 2;

  @TempDir private Path folder;

  private Machine machine(String bridge) throws IOException {
    Path file = folder.resolve("machine.yaml");
    Files.writeString(
        file,
        """
        machine: { memory: 1G }
        host: { tree: witherspoon-6gpu }
        phbs: [ { index: 0, eeh: true, devices: [ { slot: 1, device: npu2-bridge, %s } ] } ]
        """
            .formatted(bridge));
    PluginCatalogue plugins = PluginCatalogue.installed();
    return Machine.build(MachineFileReader.read(file, plugins), plugins);
  }

  private static int read(Rtas rtas, int register, int size) {
    return (int) rtas.readPciConfig(BUID, BRIDGE | register, size);
  }

  private static int capability(Rtas rtas) {
    int at = read(rtas, 0x34, 1);
    while (at != 0 && read(rtas, at, 1) != VENDOR_CAPABILITY) {
      at = read(rtas, at + 1, 1);
    }
    return at;
  }

  private static boolean up(Rtas rtas, int capability) {
    return (read(rtas, capability + 0xd, 1) & LINK_UP) != 0;
  }

  private static void train(Rtas rtas, int capability) {
    for (int procedure : new int[] {4, 5, 6, 7, 8, 9, 10, 13}) {
      rtas.writePciConfig(BUID, BRIDGE | (capability + 8), 4, procedure);
      int status;
      do {
        status = read(rtas, capability + 4, 4);
      } while (status >= 0 && (status & 1 << 30) == 0);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, false", "3, true"})
  void aHotResetTakesTheLinkDownAndAFundamentalOneDoesNothing(int kind, boolean upAfter)
      throws IOException {
    try (Machine machine = machine("host: \"0006:00:00.0\"")) {
      Rtas rtas = machine.spapr().rtas();
      int capability = capability(rtas);
      train(rtas, capability);
      assertThat(up(rtas, capability)).as("trained").isTrue();

      assertThat(rtas.resetEndpoint(BUID, kind)).isEqualTo(Rtas.SUCCESS);

      assertThat(rtas.endpointState(BUID)).as("in reset").isEqualTo(1);
      assertThat(up(rtas, capability)).isEqualTo(upAfter);
      assertThat(rtas.resetEndpoint(BUID, 0)).isEqualTo(Rtas.SUCCESS);
      assertThat(rtas.endpointState(BUID)).as("works").isZero();
      assertThat(rtas.resetEndpoint(BUID, 2)).as("no such kind").isEqualTo(Rtas.PARAMETER_ERROR);
    }
  }

  @Test
  void aDescribedBridgeIsResetAlone() throws IOException {
    try (Machine machine = machine("vfio: { tgt: 0x40000000000, linkSpeed: 9 }")) {
      Rtas rtas = machine.spapr().rtas();

      assertThat(rtas.resetEndpoint(BUID, 1)).isEqualTo(Rtas.SUCCESS);

      assertThat(rtas.endpointState(BUID)).as("in reset").isEqualTo(1);
    }
  }
}
