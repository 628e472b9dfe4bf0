package org.nvlink2vmm.it.ats;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.guest.GuestMachine;
import org.nvlink2vmm.vmm.guest.GuestStopped;
import org.nvlink2vmm.vmm.guest.NvlinkProbe;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.MachineFileReader;

/** What a machine does with a guest that touches GPU memory behind links that are down. */
final class StrictMachineIT {
  private static final long GPU_MEMORY = 0x4000_0000_0000L;

  @TempDir private Path folder;

  private Machine machine(boolean strict) throws IOException {
    Path file = folder.resolve("machine.yaml");
    Files.writeString(
        file,
        """
        machine: { strict: %s, memory: 4G }
        host: { tree: witherspoon-4gpu }
        phbs: auto
        """
            .formatted(strict));
    PluginCatalogue plugins = PluginCatalogue.installed();
    return Machine.build(MachineFileReader.read(file, plugins), plugins);
  }

  @Test
  void aStrictOneStopsTheGuestForGood() throws IOException {
    try (Machine machine = machine(true)) {
      GuestMachine guest = machine.boot();
      assertThat(guest.load(guest.deviceTree(), 1, LITTLE_ENDIAN)).isEqualTo(0xd0);

      assertThatThrownBy(() -> guest.load(GPU_MEMORY, 4, LITTLE_ENDIAN))
          .isInstanceOf(GuestStopped.class);
      assertThatThrownBy(() -> guest.store(0, 4, 1, LITTLE_ENDIAN))
          .isInstanceOf(GuestStopped.class);
      assertThatThrownBy(() -> guest.readPciConfig(0x800_0000_2000_0000L, 0, 4))
          .isInstanceOf(GuestStopped.class);
      assertThatThrownBy(() -> guest.writePciConfig(0x800_0000_2000_0000L, 0x804, 2, 0))
          .isInstanceOf(GuestStopped.class);
      assertThat(machine.host().orElseThrow().findings())
          .singleElement()
          .asString()
          .contains("load of 4 bytes", "no trained link");
    }
  }

  @Test
  void anyOtherReadsAllOnesAndReports() throws IOException {
    try (Machine machine = machine(false)) {
      assertThat(machine.boot().load(GPU_MEMORY, 4, LITTLE_ENDIAN)).isEqualTo(0xffff_ffffL);
      assertThat(machine.host().orElseThrow().findings()).hasSize(1);
    }
  }

  @Test
  void aGuestThatTrainsLinksFirstIsNotStopped() throws IOException {
    try (Machine machine = machine(true)) {
      assertThat(new NvlinkProbe().run(machine.boot()).passed()).isTrue();
    }
  }
}
