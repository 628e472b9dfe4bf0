package org.nvlink2vmm.it.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;

/** {@code vmm serve} as a process: from ready to a signal. */
@Timeout(120)
class ServeProcessIT {
  @TempDir Path work;
  private Path errors;

  @BeforeEach
  void collectErrors() {
    errors = work.resolve("errors");
  }

  private Process vmm(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-jar", System.getProperty("vmm.jar")));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
        .start();
  }

  private static String finish(Process process) throws Exception {
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return output;
  }

  @Test
  void aMachineIsServedUntilASignal() throws Exception {
    Path folder = work.resolve("s");
    Path report = work.resolve("report.json");
    Process server =
        vmm(
            "serve",
            "witherspoon-4gpu",
            "--device",
            "gpu0",
            "--device",
            "npu0",
            "--dir",
            folder.toString(),
            "--report",
            report.toString());
    try (BufferedReader lines = server.inputReader(StandardCharsets.UTF_8)) {
      assertThat(lines.readLine()).isEqualTo("ready");

      Path gpu = folder.resolve("gpu0.sock");
      assertThat(finish(vmm("probe", gpu.toString()))).contains("10de:1db1 class 030200");
      assertThat(finish(vmm("probe", "--json", folder.resolve("npu0.sock").toString())))
          .contains("\"vendor\" : \"1014\"");
      try (VfioUserDevice device = VfioUserDevice.connect(gpu)) {
        assertThat(device.regionInfo(9).capability(RegionCapability.Nvlink2SsaTarget.class))
            .isPresent();
        assertThat(finish(vmm("status", folder.toString()))).contains("gpu0       attached");
      }
      server.destroy();
      assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      server.destroyForcibly();
    }
    assertThat(server.exitValue()).isZero();
    try (var left = Files.list(folder)) {
      assertThat(left).isEmpty();
    }
    assertThat(Files.readString(report)).contains("\"device\" : \"gpu0\"");
  }

  /** Waits for a line of the processes' standard error. */
  private String awaitLine(String beginning) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (System.nanoTime() < deadline) {
      for (String line : Files.readAllLines(errors)) {
        if (line.startsWith(beginning)) {
          return line;
        }
      }
      Thread.sleep(20);
    }
    throw new AssertionError("No line " + beginning + " in: " + Files.readString(errors));
  }

  /** Touches registers that nothing models, one of them again and again, and memory above BAR 3. */
  private static void beIgnorant(VfioUserDevice gpu) {
    MemorySegment word = Arena.ofAuto().allocate(4, 4);
    word.set(ValueLayout.JAVA_SHORT, 0, (short) 2);
    gpu.write(7, 4, word.asSlice(0, 2));
    for (int i = 0; i < 3; i++) {
      gpu.read(0, 0x2204, word);
    }
    word.set(ValueLayout.JAVA_INT, 0, 0x55);
    gpu.write(0, 0x110040, word);
    for (int i = 0; i < 4096; i++) {
      gpu.read(0, 0x140, word);
    }
    gpu.write(7, 4, word.asSlice(2, 2));
    gpu.read(0, 0, word);
  }

  @Test
  void sigquitPrintsTheReportAndEndsNothing() throws Exception {
    Path folder = work.resolve("s");
    Path report = work.resolve("report.json");
    Process server =
        vmm(
            "serve",
            "witherspoon-4gpu",
            "--device",
            "gpu0",
            "--dir",
            folder.toString(),
            "--report",
            report.toString());
    try (BufferedReader lines = server.inputReader(StandardCharsets.UTF_8)) {
      assertThat(lines.readLine()).isEqualTo("ready");
      try (VfioUserDevice gpu = VfioUserDevice.connect(folder.resolve("gpu0.sock"))) {
        beIgnorant(gpu);
      }
      new ProcessBuilder("kill", "-QUIT", Long.toString(server.pid())).start().waitFor();

      assertThat(awaitLine("vmm: unmodelled: gpu 0004:04:00.0 bar0 at 0x2204"))
          .endsWith("4 bytes wide: 3 reads, 0 writes, last 0x0");
      assertThat(awaitLine("vmm: unmodelled: gpu 0004:04:00.0 bar0 at 0x110040"))
          .endsWith("0 reads, 1 writes, last 0x55");
      assertThat(awaitLine("vmm: refused: gpu0 region 0 at 0x0")).contains("1 reads, 0 writes");
      assertThat(awaitLine("vmm: spin: gpu0 region 0 at 0x140")).endsWith("always 0x0");
      String status = finish(vmm("status", folder.toString()));
      assertThat(status)
          .contains("unmodelled: gpu 0004:04:00.0 bar0 at 0x2204, 4 bytes wide: 3 reads")
          .contains("refused: gpu0 region 0 at 0x0")
          .contains("spin: gpu0 region 0 at 0x140");
      server.destroy();
      assertThat(server.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      server.destroyForcibly();
    }
    assertThat(server.exitValue()).isZero();
    assertThat(Files.readString(report))
        .contains("\"lastValue\" : \"0x55\"")
        .contains("\"spins\" : [ {");
  }
}
