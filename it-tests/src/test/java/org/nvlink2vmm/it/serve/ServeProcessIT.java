package org.nvlink2vmm.it.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;

/** {@code vmm serve} as a process: from ready to a signal. */
@Timeout(120)
class ServeProcessIT {
  @TempDir Path work;

  private static Process vmm(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-jar", System.getProperty("vmm.jar")));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
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
}
