package org.nvlink2vmm.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.dt.check.TreeDiff;
import org.nvlink2vmm.dt.fdt.FdtReader;

class DtIT {
  @TempDir private Path folder;

  private static void requireDtc() {
    boolean there =
        List.of("/usr/bin/dtc", "/usr/local/bin/dtc").stream()
            .anyMatch(file -> Files.isExecutable(Path.of(file)));
    Assumptions.assumeTrue(there, "dtc is not installed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"witherspoon-4gpu", "witherspoon-6gpu"})
  void dtcAcceptsTheBlobAndMakesTheSameOneOfTheText(String machine) throws Exception {
    requireDtc();
    Path blob = folder.resolve("guest.dtb");
    Vmm.Result written = Vmm.run("dt", machine, "-f", "dtb", "-o", blob.toString());
    assertThat(written.code()).as(written.err()).isZero();
    Vmm.Result decompiled =
        Vmm.run(new ProcessBuilder("dtc", "-I", "dtb", "-O", "dts", blob.toString()));
    assertThat(decompiled.code()).as(decompiled.err()).isZero();
    // QEMU's own trees give these two warnings as well.
    assertThat(decompiled.err().lines())
        .allMatch(
            line ->
                line.contains("avoid_unnecessary_addr_size") || line.contains("interrupt_prov"));

    Path text = folder.resolve("guest.dts");
    Files.write(text, Vmm.run("dt", machine).bytes());
    Path compiled = folder.resolve("compiled.dtb");
    Vmm.Result dtc =
        Vmm.run(
            new ProcessBuilder(
                "dtc", "-q", "-I", "dts", "-O", "dtb", "-o", compiled.toString(), text.toString()));
    assertThat(dtc.code()).as(dtc.err()).isZero();
    assertThat(
            TreeDiff.between(
                FdtReader.read(Files.readAllBytes(blob)),
                FdtReader.read(Files.readAllBytes(compiled)),
                TreeDiff.Option.ORDER,
                TreeDiff.Option.PHANDLES))
        .isEmpty();
  }

  @Test
  void theTreePassesItsOwnCheckAndEqualsItself() throws Exception {
    Path blob = folder.resolve("guest.dtb");
    Path text = folder.resolve("guest.dts");
    Vmm.run("dt", "witherspoon-6gpu", "-f", "dtb", "-o", blob.toString());
    Vmm.run("dt", "witherspoon-6gpu", "-o", text.toString());
    Vmm.Result check = Vmm.run("check", blob.toString());
    assertThat(check.code()).as(check.out()).isZero();
    Vmm.Result diff = Vmm.run("diff", blob.toString(), text.toString(), "--order", "--phandles");
    assertThat(diff.code()).as(diff.out()).isZero();
  }

  @Test
  void differentTreesDifferWithCodeOne() throws Exception {
    Path four = folder.resolve("4.dtb");
    Path six = folder.resolve("6.dtb");
    Vmm.run("dt", "witherspoon-4gpu", "-f", "dtb", "-o", four.toString());
    Vmm.run("dt", "witherspoon-6gpu", "-f", "dtb", "-o", six.toString());
    Vmm.Result diff = Vmm.run("diff", four.toString(), six.toString());
    assertThat(diff.code()).isEqualTo(1);
    assertThat(diff.out()).contains("memory@404000000000");
  }

  @Test
  void jsonNamesEveryNode() throws Exception {
    Vmm.Result json = Vmm.run("dt", "witherspoon-4gpu", "-f", "json");
    assertThat(json.out()).startsWith("{").contains("\"/npuphb0/link@0\"");
  }
}
