package org.nvlink2vmm.it.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.vcpu.ExecutionMode;
import org.nvlink2vmm.vmm.vcpu.boot.ElfImage;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;

/** Programs without an operating system, compiled by gcc, on our processor and on QEMU's. */
class BareGuestIT {
  private static final String QEMU = "qemu-system-ppc64";

  /** Enters 0x400000 as kexec would, the tree at 0x7000000 in r3; at the reset vector 0x100. */
  private static final int[] RESET = {0x3c600700, 0x38a00000, 0x3c800040, 0x7c8903a6, 0x4e800420};

  private static final List<String> PLAIN =
      List.of("-cpu", "power9", "-nographic", "-vga", "none", "-nodefaults", "-serial", "stdio");
  private static final List<String> SMALL =
      List.of("-monitor", "none", "-no-reboot", "-smp", "1", "-m", "256M");

  @TempDir private Path folder;

  @BeforeEach
  void compilerIsThere() {
    Tool.assume("powerpc64-linux-gnu-gcc");
  }

  private Path build(String name) throws IOException, InterruptedException {
    return Tool.bare(folder, name);
  }

  private static String ours(Path program, ExecutionMode mode) {
    try (PlainMachine machine = new PlainMachine(1, ElfImage.read(program), new byte[0])) {
      GuestExit exit = machine.executing(mode).run("");
      assertThat(exit.good()).as("%s", exit).isTrue();
      return machine.console();
    }
  }

  private String qemus(Path program) throws IOException, InterruptedException {
    byte[] firmware = new byte[0x200];
    for (int i = 0; i < 4 * RESET.length; i++) {
      firmware[0x100 + i] = (byte) (RESET[i / 4] >>> (24 - 8 * (i % 4)));
    }
    Files.write(folder.resolve("reset.bin"), firmware);
    List<String> dump = new ArrayList<>(List.of(QEMU, "-M", "pseries,dumpdtb=tree.dtb"));
    dump.addAll(PLAIN);
    dump.addAll(SMALL);
    Tool.run(folder, dump);
    List<String> command = new ArrayList<>(List.of(QEMU, "-M", "pseries", "-bios", "reset.bin"));
    command.addAll(PLAIN);
    command.addAll(SMALL);
    command.addAll(List.of("-device", "loader,file=" + program));
    command.addAll(List.of("-device", "loader,file=tree.dtb,addr=0x7000000,force-raw=on"));
    return Tool.run(folder, command).output();
  }

  @Test
  void aProgramFindsItsTreePrintsAndPowersOff() throws IOException, InterruptedException {
    assertThat(ours(build("hello"), ExecutionMode.AUTO)).contains("magic 00000000d00dfeed");
  }

  @Test
  void everyInstructionLeavesWhatItLeavesOnQemu() throws IOException, InterruptedException {
    Tool.assume(QEMU);
    Path program = build("conformance");
    List<String> expected = qemus(program).lines().toList();
    assertThat(expected).hasSizeGreaterThan(700);
    assertThat(expected.getLast()).startsWith("executed ");
    for (ExecutionMode mode : ExecutionMode.values()) {
      assertThat(ours(program, mode).lines()).as("%s", mode).containsExactlyElementsOf(expected);
    }
  }
}
