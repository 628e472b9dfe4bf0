package org.nvlink2vmm.dt.dts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.fdt.FdtReader;

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
}
