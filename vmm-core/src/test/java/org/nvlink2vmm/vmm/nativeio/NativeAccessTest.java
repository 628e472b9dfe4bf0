package org.nvlink2vmm.vmm.nativeio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NativeAccessTest {
  /** What the other process runs: the message of the failure, on standard output. */
  static final class Caller {
    private Caller() {}

    public static void main(String[] args) {
      for (int attempt = 0; attempt < 2; attempt++) {
        try {
          Libc.memfd("refused", 4096).close();
          System.out.println("allowed");
        } catch (NativeException e) {
          System.out.println(e.getMessage());
        }
      }
    }
  }

  @Test
  void aRefusedPermissionIsOneLineThatNamesTheFlag() throws Exception {
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--illegal-native-access=deny",
                "-cp",
                System.getProperty("java.class.path"),
                Caller.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(java.waitFor()).as(output).isZero();
    assertThat(output.lines())
        .hasSize(2)
        .containsOnly(
            "memfd_create: native access is denied;"
                + " start java with --enable-native-access=ALL-UNNAMED");
  }
}
