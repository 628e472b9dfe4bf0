package org.nvlink2vmm.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BadInputIT {
  @TempDir private Path folder;

  private static void isOneLine(Vmm.Result result, int code, String expected) {
    assertThat(result.err().lines()).as(result.err()).hasSize(1);
    assertThat(result.err()).contains(expected);
    assertThat(result.out()).isEmpty();
    assertThat(result.code()).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "serf x | Unknown command 'serf'",
        "run | Missing required parameter: 'MACHINE'",
        "run witherspoon-9gpu | found \"witherspoon-9gpu\", expected witherspoon-4gpu",
        "run witherspoon-6gpu --guest nobody | --guest: found \"nobody\"",
        "run witherspoon-6gpu --kernel x --vcpu fast | --vcpu: found \"fast\"",
        "dt witherspoon-6gpu -f pdf | -f",
        "dt no/such/file.yaml | no/such/file.yaml: no such file",
        "check no/such.dtb | no/such.dtb: no such file",
        "diff - - | A and B: found standard input twice",
        "run witherspoon-6gpu --frobnicate | --frobnicate",
        "regions witherspoon-6gpu --abi v5 | --abi",
      })
  void badUsageIsOneLineAndCodeTwo(String arguments, String expected) throws Exception {
    isOneLine(Vmm.run(arguments.split(" ", -1)), 2, expected);
  }

  @Test
  void aBadMachineWritesNothing() throws Exception {
    Path file = folder.resolve("bad.yaml");
    Files.writeString(file, "host: { tree: witherspoon-6gpu, kernel: \"6.1\" }\n");
    Path out = folder.resolve("out.dtb");
    isOneLine(
        Vmm.run("dt", file.toString(), "-f", "dtb", "-o", out.toString()),
        2,
        "bad.yaml: host.kernel: found \"6.1\", expected \"5.0\" to \"5.12\"");
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  void aFileThatCannotBeWrittenIsTheEnvironment() throws Exception {
    isOneLine(
        Vmm.run("dt", "witherspoon-4gpu", "-o", folder.resolve("no/where.dts").toString()),
        3,
        "cannot be written");
  }

  @Test
  void garbageIsNoTree() throws Exception {
    Path file = folder.resolve("x.dtb");
    Files.write(file, new byte[] {(byte) 0xd0, 0x0d, (byte) 0xfe, (byte) 0xed, 0, 0});
    isOneLine(Vmm.run("check", file.toString()), 2, "x.dtb");
    Files.writeString(file, "/dts-v1/; / { a = <1 2; };");
    isOneLine(Vmm.run("check", file.toString()), 2, "x.dtb:1:");
    Files.write(file, new byte[] {(byte) 0xd0, 0x0e, (byte) 0xfe, (byte) 0xed, 0, 0});
    isOneLine(Vmm.run("check", file.toString()), 2, "x.dtb: ");
  }

  @Test
  void helpFitsEightyColumnsAndEndsWithAnExample() throws Exception {
    for (String command : List.of("run", "dt", "check", "diff", "regions", "topology", "devices")) {
      Vmm.Result help = Vmm.run(command, "--help");
      assertThat(help.code()).isZero();
      assertThat(help.out().lines()).as(command).allMatch(line -> line.length() <= 80);
      assertThat(help.out().strip().lines().reduce("", (_, line) -> line)).startsWith("Example: ");
    }
    assertThat(Vmm.run("--version").out()).startsWith("nvlink2-vmm ");
  }
}
