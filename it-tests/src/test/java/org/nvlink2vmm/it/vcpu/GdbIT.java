package org.nvlink2vmm.it.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.it.cli.Vmm;

/** Guests under the real gdb. */
class GdbIT {
  private static final Pattern HELD = Pattern.compile("target remote (127\\.0\\.0\\.1:\\d+)");

  @TempDir private Path folder;
  private Process vmm;

  @BeforeEach
  void debuggerIsThere() {
    Tool.assume("gdb-multiarch");
  }

  @AfterEach
  void nothingIsLeft() {
    if (vmm != null) {
      vmm.destroyForcibly();
    }
  }

  /** Starts a guest, held; gives where it waits. */
  private String start(Path kernel, String... more) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-jar"));
    command.addAll(List.of(Vmm.jar().toString(), "run", "witherspoon-4gpu", "--gdb", ":0"));
    command.addAll(List.of("--kernel", kernel.toString()));
    command.addAll(List.of(more));
    Path errors = folder.resolve("err");
    vmm =
        new ProcessBuilder(command)
            .redirectError(errors.toFile())
            .redirectOutput(folder.resolve("out").toFile())
            .start();
    while (true) {
      String said = Files.exists(errors) ? Files.readString(errors) : "";
      Matcher held = HELD.matcher(said);
      if (held.find()) {
        return held.group(1);
      }
      assertThat(vmm.isAlive()).as(said).isTrue();
      Thread.sleep(20);
    }
  }

  private String debug(Path kernel, String where, String... commands)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("gdb-multiarch", "-nx", "-batch"));
    command.addAll(List.of("-ex", "set confirm off", "-ex", "set pagination off"));
    command.addAll(List.of("-ex", "target remote " + where));
    for (String each : commands) {
      command.addAll(List.of("-ex", each));
    }
    command.add(kernel.toString());
    return Tool.run(folder, command).output();
  }

  private int exitCode() throws InterruptedException {
    assertThat(vmm.waitFor(5, TimeUnit.MINUTES)).isTrue();
    return vmm.exitValue();
  }

  private String console() throws IOException {
    return Files.readString(folder.resolve("out"));
  }

  private Path bare(String name) throws IOException, InterruptedException {
    Tool.assume("powerpc64-linux-gnu-gcc");
    return Tool.bare(folder, name);
  }

  @Test
  void aBareGuestIsStoppedLookedAtChangedAndLetGo() throws Exception {
    Path program = bare("hello");
    String said =
        debug(
            program,
            start(program),
            "p/x $pc",
            "break guest_main",
            "continue",
            "info registers lr msr srr0",
            "p/x $r29 == $r3",
            "stepi",
            "x/1i $pc",
            "x/2xb $pc",
            "set $r11 = 0x1234567812345678",
            "p/x $r11",
            "bt",
            "info threads",
            "x/1xw 0x300000000000",
            "detach");
    assertThat(said)
        .contains("$1 = 0x400000", "Breakpoint 1, ")
        .containsPattern("lr +0x\\w+ +\\w+")
        .containsPattern("msr +0x8000000000001000")
        .containsPattern("=> 0x\\w+ <guest_main\\+\\d+>:")
        .contains("= 0x1234567812345678")
        .containsPattern("#1 +0x\\w+ in _start")
        .contains("(cpu 0)");
    assertThat(exitCode()).isZero();
    assertThat(console()).contains("magic 00000000d00dfeed", "guest ended: power-off, status 0");
  }

  @Test
  void gdbSeesTheGuestExitWithItsStatus() throws Exception {
    Path program = bare("trouble");
    String said = debug(program, start(program), "continue");
    assertThat(said).contains("exited with code 03");
    assertThat(exitCode()).isEqualTo(1);
  }

  @Test
  void aDeadEndComesBackToGdbWhichMayLeadOutOfIt() throws Exception {
    Path program = bare("trouble");
    String said =
        debug(
            program,
            start(program, "--append", "loop"),
            "continue",
            "p $pc",
            "set $pc = $pc + 4",
            "continue");
    assertThat(said).contains("SIGABRT", "<dead_end+4>", "exited with code 03");
    assertThat(exitCode()).isEqualTo(1);
  }

  @Test
  void killingEndsTheGuest() throws Exception {
    Path program = bare("hello");
    debug(program, start(program), "kill");
    assertThat(exitCode()).isEqualTo(1);
    assertThat(console()).contains("guest ended: killed");
  }

  @Test
  void aKernelStopsWhereItsSymbolsSay() throws Exception {
    Path kernel = Tool.linux(folder);
    String said =
        debug(
            kernel,
            start(kernel),
            "break start_kernel",
            "continue",
            "bt",
            "p (char *) &linux_banner",
            "watch *(long *) &jiffies_64",
            "continue",
            "kill");
    assertThat(said)
        .contains("Breakpoint 1, ", "in start_kernel ()")
        .containsPattern("#1 +0x\\w+ in start_here_common")
        .contains("\"Linux version 5.10")
        .contains("Hardware watchpoint 2", "Old value = ", "New value = ");
    assertThat(exitCode()).isEqualTo(1);
  }
}
