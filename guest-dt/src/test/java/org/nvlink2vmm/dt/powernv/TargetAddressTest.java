package org.nvlink2vmm.dt.powernv;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetAddressTest {
  @ParameterizedTest
  @CsvSource({
    "0x040000000000, 0x040000000000",
    "0x042000000000, 0x042000000000",
    "0x044000000000, 0x044000000000",
    "0x03e000000000, 0x03e000000000",
    "0x03c000000000, 0x03c000000000",
    "0x03a000000000, 0x03a000000000",
    "0x240000000000, 0x0c0000000000",
    "0x242000000000, 0x0c2000000000",
    "0x244000000000, 0x0c4000000000",
    "0x23e000000000, 0x0be000000000",
    "0x23c000000000, 0x0bc000000000",
    "0x23a000000000, 0x0ba000000000",
    "0x6000000000000, 0x600000000000",
  })
  void isTheCompressedBase(String base, String tgt) {
    assertThat(TargetAddress.fromBase(Long.decode(base))).isEqualTo(Long.decode(tgt));
  }
}
