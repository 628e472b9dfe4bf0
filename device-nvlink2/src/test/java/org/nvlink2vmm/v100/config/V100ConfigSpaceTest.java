package org.nvlink2vmm.v100.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.v100.V100Model;
import org.nvlink2vmm.vmm.pci.ConfigSpace;

/** Configuration space against NVIDIA's open manuals and listings of the chip. */
final class V100ConfigSpaceTest {
  private final ConfigSpace config = V100ConfigSpace.of(V100Model.SXM2_16GB);

  @ParameterizedTest(name = "0x{0} reads 0x{1}")
  @CsvSource({
    "000, 1db110de",
    "004, 00100000",
    "008, 030200a1",
    "00c, 0",
    "02c, 121210de",
    "030, 0",
    "034, 60",
    "03c, 100",
    "060, 00036801",
    "064, 8",
    "068, 00807805",
    "078, 00020010",
    "07c, 8de1",
    "080, 2910",
    "0a4, 60e",
    "0a8, 3",
    "60c, 1801"
  })
  void resetValues(String offset, String value) {
    assertThat(config.read(Integer.parseInt(offset, 16), 4)).isEqualTo(Long.parseLong(value, 16));
  }

  @ParameterizedTest(name = "BAR at 0x{0}: 0x{1}")
  @CsvSource({
    "10, ff000000",
    "14, c",
    "18, fffffffc",
    "1c, fe00000c",
    "20, ffffffff",
    "24, 0",
    "30, 0"
  })
  void barsSize(String offset, String ones) {
    int at = Integer.parseInt(offset, 16);

    config.write(at, 4, 0xffffffffL);

    assertThat(config.read(at, 4)).isEqualTo(Long.parseLong(ones, 16));
  }

  @Test
  void theLargerBoardHasItsOwnIdsAndBar() {
    ConfigSpace larger = V100ConfigSpace.of(V100Model.SXM2_32GB);
    larger.write(0x18, 4, 0xffffffffL);

    assertThat(larger.read(0x00, 4)).isEqualTo(0x1db510deL);
    assertThat(larger.read(0x2c, 4)).isEqualTo(0x124910deL);
    assertThat(larger.read(0x18, 4)).isEqualTo(0xfffffff8L);
  }

  @Test
  void capabilitiesFormTheChainsOfTheChip() {
    List<String> chain = new ArrayList<>();
    for (int at = (int) config.read(0x34, 1); at != 0; at = (int) config.read(at + 1, 1)) {
      chain.add("%x:%02x".formatted(at, config.read(at, 1)));
    }
    int at = 0x100;
    while (at != 0) {
      chain.add("%x:%04x".formatted(at, config.read(at, 2)));
      at = (int) config.read(at, 4) >>> 20;
    }

    assertThat(chain)
        .containsExactly(
            "60:01",
            "68:05",
            "78:10",
            "100:0002",
            "250:0018",
            "258:001e",
            "128:0004",
            "420:0001",
            "600:000b",
            "900:0019",
            "ac0:0023");
  }
}
