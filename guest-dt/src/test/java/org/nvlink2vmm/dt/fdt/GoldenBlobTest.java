package org.nvlink2vmm.dt.fdt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.dts.DtsWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;

class GoldenBlobTest {
  static List<String> names() {
    return GoldenTrees.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void aTreeWrittenAndReadIsTheSame(String name) throws IOException {
    DeviceTree tree = FdtReader.read(GoldenTrees.blob(name));
    byte[] blob = FdtWriter.bytes(tree);

    assertThat(blob).hasSize((int) FdtWriter.size(tree));
    DeviceTree again = FdtReader.read(blob);
    assertThat(DtsWriter.text(again)).isEqualTo(GoldenTrees.text(name));
    assertThat(FdtWriter.bytes(again)).isEqualTo(blob);
  }
}
