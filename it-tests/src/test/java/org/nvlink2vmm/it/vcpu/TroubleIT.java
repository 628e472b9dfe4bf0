package org.nvlink2vmm.it.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.it.cli.Vmm;

/** What the program says of guests that end badly, and of the instructions that they executed. */
class TroubleIT {
  @TempDir private Path folder;
  private Path program;

  @BeforeEach
  void programIsBuilt() throws IOException, InterruptedException {
    Tool.assume("powerpc64-linux-gnu-gcc");
    program = Tool.bare(folder, "trouble");
  }

  private Vmm.Result run(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("run", "witherspoon-4gpu", "--kernel"));
    all.add(program.toString());
    all.addAll(List.of(arguments));
    return Vmm.run(all.toArray(new String[0]));
  }

  @Test
  void anEndlessLoopIsReportedAtOnceWithItsPlaceAndTheLastDeviceAccesses() throws Exception {
    Vmm.Result result = run("--append", "loop");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).contains("guest ended: endless-loop");
    assertThat(result.err())
        .containsPattern(
            "endless loop: cpu 0 branches to itself at 0x\\w+ \\(dead_end\\+0x4\\) with")
        .containsPattern("cpu 0 at 0x\\w+ \\(dead_end\\+0x4\\), lr 0x\\w+ \\(guest_main")
        .containsPattern("called from 0x\\w+ \\(_start")
        .contains("last 2 of 2 device accesses")
        .contains("read  4  config 0000:00:01.0 gpu0+0x0  0x1db110de")
        .contains("write 8  0x300000000000, where nothing answers  0x1122334455667788");
  }

  @Test
  void anIllegalInstructionIsNamedWithItsPlace() throws Exception {
    Vmm.Result result = run("--append", "fall");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err())
        .contains("faults again and again in the handler at 0x700")
        .containsPattern("interrupted: program at 0x\\w+ \\(falls\\+0x4\\)")
        .containsPattern("the first 0x00000123 at 0x\\w+ \\(falls\\+0x4\\)");
  }

  @Test
  void aGuestThatDoesNotEndInTimeIsNamedWithItsPlace() throws Exception {
    Vmm.Result result = run("--append", "wait", "--timeout", "1");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).contains("guest ended: timeout");
    assertThat(result.err()).containsPattern("cpu 0 at 0x\\w+ \\(waits\\+0x");
  }

  @Test
  void aWindowOfInstructionsIsWrittenToAFileAndTheGuestEndsAsWithout() throws Exception {
    Path file = folder.resolve("log");
    Vmm.Result result = run("--append", "none", "--trace", "insn:@guest_main+50," + file);
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).contains("guest ended: power-off, status 3");
    assertThat(result.err()).isEmpty();
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(50);
    assertThat(lines.getFirst())
        .matches("cpu 0 \\d+ 0000000000\\w{6} guest_main\\+0x8 7c0802a6 .*");
    assertThat(lines).anyMatch(line -> line.matches(".* [0-9a-f]{8} addi r\\d+=[0-9a-f]+"));
  }

  @Test
  void aWindowThatMakesNoSenseIsBadUsage() throws Exception {
    for (String bad : List.of("insn:@nowhere", "insn:-1", "insn+0", "insn:5+", "insn,")) {
      Vmm.Result result = run("--trace", bad);
      assertThat(result.code()).as(bad).isEqualTo(2);
      assertThat(result.err().lines()).as(bad).hasSize(1);
    }
  }

  /** The names come from the kernel's own table. */
  @Test
  void aPanicOfAStrippedKernelIsReportedWithItsCallersAndTheLastDeviceAccesses() throws Exception {
    Tool.assume("powerpc64le-linux-gnu-strip");
    Path kernel = folder.resolve("stripped");
    List<String> strip = List.of("powerpc64le-linux-gnu-strip", "-o", kernel.toString());
    List<String> command = new ArrayList<>(strip);
    command.add(Tool.linux(folder).toString());
    assertThat(Tool.run(folder, command).status()).isZero();
    Vmm.Result result =
        Vmm.run("run", "witherspoon-4gpu", "--kernel", kernel.toString(), "--append", "panic=-1");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err())
        .containsPattern("called from 0x\\w+ \\(panic\\+0x")
        .containsPattern("called from 0x\\w+ \\(kernel_init")
        .containsPattern("read  1  config 0001:00:04.2 npu11\\+0x40  0x10  after \\d+ instr");
  }

  @Test
  void debuggingNeedsAKernelAndAnAddress() throws Exception {
    assertThat(Vmm.run("run", "witherspoon-4gpu", "--gdb", ":0").err()).contains("--kernel");
    for (String bad : List.of("", ":", ":x", ":65536", "a:b:1")) {
      Vmm.Result result = run("--gdb", bad);
      assertThat(result.code()).as(bad).isEqualTo(2);
    }
  }

  @Test
  void anAddressThatCannotBeListenedOnIsTheEnvironmentsRefusal() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Vmm.Result result = run("--gdb", ":" + taken.getLocalPort());
      assertThat(result.code()).isEqualTo(3);
      assertThat(result.err()).contains("--gdb: cannot listen on");
    }
    assertThat(run("--gdb", "no-such-host.invalid:1").code()).isEqualTo(3);
  }
}
