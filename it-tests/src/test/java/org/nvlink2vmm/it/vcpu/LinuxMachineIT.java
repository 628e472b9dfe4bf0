package org.nvlink2vmm.it.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.vmm.device.HostHardware;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.MachineFileReader;
import org.nvlink2vmm.vmm.machine.RealGuest;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/**
 * Linux on a machine with four GPUs and their bridges: what its init finds is held against this
 * side's knowledge. The init itself checks the rest, see linux/checks.h.
 */
class LinuxMachineIT {
  /** What the guest writes into GPU memory, and where (linux/vfio.h). */
  private static final long PATTERN = 0x6e76_6c69_6e6b_3221L;

  private static final long OFFSET = 0x240;

  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @TempDir private Path folder;

  private Machine machine() throws IOException {
    Path file = folder.resolve("machine.yaml");
    Files.writeString(
        file,
        """
        machine: { memory: 2G, cpus: 2 }
        host: { tree: witherspoon-4gpu }
        phbs: auto
        """);
    PluginCatalogue plugins = PluginCatalogue.installed();
    return Machine.build(MachineFileReader.read(file, plugins), plugins);
  }

  private static String fnv1a(byte[] bytes) {
    long sum = 0xcbf29ce484222325L;
    for (byte one : bytes) {
      sum = (sum ^ (one & 0xff)) * 0x100000001b3L;
    }
    return "fnv1a %016x".formatted(sum);
  }

  @Test
  void whatTheGuestSawAndWroteIsWhatTheHostHas() throws IOException, InterruptedException {
    Path kernel = Tool.linux(folder);
    Path initrd = LinuxGuestIT.initrdFile(folder);
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    try (Machine machine = machine()) {
      RealGuest guest =
          new RealGuest(
              machine, new RealGuest.Image(kernel, Optional.of(initrd), "console=hvc0"), output);
      GuestExit exit = guest.run(Duration.ofMinutes(3));
      String console = output.toString(StandardCharsets.ISO_8859_1);
      assertThat(console)
          .as("%s", exit)
          .contains("CPUS-ONLINE 0-1", "GUEST-SATISFIED")
          .contains("TREE size " + guest.tree().length + " " + fnv1a(guest.tree()))
          .contains("EEH: pSeries platform initialized")
          .contains("INTERRUPT INTx 0000:00:01.0", "INTERRUPT MSI 0000:00:01.0")
          .contains("ok   processor 1 took it")
          .contains("PATTERN 0000:00:01.0 offset 0240 value 6e766c696e6b3221")
          .doesNotContain("FAIL", "Oops", "BUG:", "WARNING:");
      assertThat(exit.good()).as("%s", exit).isTrue();
      assertThat(guest.guest().rtas().uses())
          .containsKeys("ibm,change-msi", "ibm,query-interrupt-source-number")
          .containsKeys("ibm,set-eeh-option", "ibm,get-config-addr-info2");
      hostHolds(machine);
    }
  }

  /** The pattern: in the window of the host's addresses, and through BAR 1. */
  private static void hostHolds(Machine machine) {
    EmulatedHost host = machine.host().orElseThrow();
    HostGpu first = host.tree().gpus().getFirst();
    long window = first.memory().orElseThrow().window().orElseThrow().base();
    assertThat(host.physical().read(window + OFFSET, 8, ByteOrder.LITTLE_ENDIAN))
        .isEqualTo(PATTERN);
    assertThat(host.findings()).allMatch(line -> line.startsWith(HostHardware.REMARK));
    VfioDevice gpu = machine.devices().getFirst().device();
    MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
    gpu.write(7, 4, MemorySegment.ofArray(new byte[] {2, 0}));
    assertThat(gpu.read(1, OFFSET, bytes)).isEqualTo(8);
    assertThat(bytes.get(LONG_LE, 0)).isEqualTo(PATTERN);
  }
}
