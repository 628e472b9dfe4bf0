package org.nvlink2vmm.it.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.vcpu.ExecutionMode;
import org.nvlink2vmm.vmm.vcpu.boot.ElfImage;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;

/** Linux 5.10 as linux/build-kernel.sh builds it, once a machine; skipped where that never ran. */
class LinuxGuestIT {
  @TempDir private Path folder;

  /** The init that judges; without a compiler the test is skipped. */
  static Path initrdFile(Path folder) throws IOException, InterruptedException {
    Tool.assume("powerpc64le-linux-gnu-gcc", "cpio", "gzip");
    Path output = folder.resolve("initrd.gz");
    String script = Tool.sources("linux").resolve("build-initrd.sh").toString();
    assertThat(Tool.run(folder, List.of(script, output.toString())).status()).isZero();
    return output;
  }

  private void boots(int cpus, ExecutionMode mode, String brought)
      throws IOException, InterruptedException {
    try (PlainMachine machine =
        new PlainMachine(
            cpus, ElfImage.read(Tool.linux(folder)), Files.readAllBytes(initrdFile(folder)))) {
      GuestExit exit = machine.executing(mode).run("console=hvc0");
      assertThat(machine.console())
          .as("%s", exit)
          .contains("Linux version 5.10", "radix-mmu", brought, "INIT-REACHED", "GUEST-SATISFIED")
          .contains("ok   /proc/device-tree equals the blob")
          .doesNotContain("FAIL", "Oops", "BUG:", "WARNING:");
      assertThat(exit.good()).as("%s", exit).isTrue();
      assertThat(exit.notes()).isEmpty();
    }
  }

  @Test
  void aStockDebianKernelBootsToInit() throws IOException, InterruptedException {
    String script = Tool.sources("linux").resolve("fetch-debian-kernel.sh").toString();
    Tool.Result where = Tool.run(folder, List.of(script, "--where"));
    Assumptions.assumeTrue(
        where.status() == 0, "no Debian kernel: run it-tests/linux/fetch-debian-kernel.sh");
    ElfImage kernel = ElfImage.read(Path.of(where.output().strip()));
    try (PlainMachine machine =
        new PlainMachine(1, kernel, Files.readAllBytes(initrdFile(folder)))) {
      GuestExit exit = machine.run("console=hvc0");
      assertThat(machine.console())
          .as("%s", exit)
          .contains("Linux version 6.1.", "radix-mmu", "INIT-REACHED", "GUEST-SATISFIED")
          .contains("ok   /proc/device-tree equals the blob")
          .doesNotContain("FAIL", "Oops", "BUG:", "WARNING:");
      assertThat(exit.good()).as("%s", exit).isTrue();
    }
  }

  @Test
  void linuxBootsToInitAndPowersOff() throws IOException, InterruptedException {
    boots(1, ExecutionMode.AUTO, "smp: Brought up 1 node, 1 CPU");
  }

  @Test
  void twoProcessorsOfOneGuestRunOnTwoThreads() throws IOException, InterruptedException {
    boots(2, ExecutionMode.AUTO, "smp: Brought up 1 node, 2 CPUs");
  }

  @Test
  void linuxBootsWithEverythingCompiled() throws IOException, InterruptedException {
    boots(1, ExecutionMode.COMPILE, "smp: Brought up 1 node, 1 CPU");
  }
}
