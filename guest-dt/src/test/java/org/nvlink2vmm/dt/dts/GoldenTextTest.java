package org.nvlink2vmm.dt.dts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;

class GoldenTextTest {
  static List<String> names() {
    return GoldenTrees.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void textIsTheTextOfDtc(String name) throws IOException {
    assertThat(DtsWriter.text(FdtReader.read(GoldenTrees.blob(name))))
        .isEqualTo(GoldenTrees.text(name));
  }

  @ParameterizedTest
  @MethodSource("names")
  void theTextReadGivesTheBlobBack(String name) throws IOException {
    DeviceTree blob = FdtReader.read(GoldenTrees.blob(name));
    DeviceTree text = DtsReader.read(GoldenTrees.folder().resolve(name + ".dts"));

    assertThat(FdtWriter.bytes(text)).isEqualTo(FdtWriter.bytes(blob));
  }

  @ParameterizedTest
  @MethodSource("names")
  void textToBlobToTextChangesNothing(String name) throws IOException {
    String text = GoldenTrees.text(name);
    byte[] blob = FdtWriter.bytes(DtsReader.read(name, text));

    assertThat(DtsWriter.text(FdtReader.read(blob))).isEqualTo(text);
  }
}
