package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0x800000020000000, 0x200000000000, 0x200080000000, 0x210000000000, 0x400000000000,"
        + " 0x800000000000",
    "1, 0x800000020000001, 0x200000010000, 0x200100000000, 0x220000000000, 0x420000000000,"
        + " 0x800000120000",
    "2, 0x800000020000002, 0x200000020000, 0x200180000000, 0x230000000000, 0x440000000000,"
        + " 0x800000240000",
    "30, 0x80000002000001e, 0x2000001e0000, 0x200f80000000, 0x3f0000000000, 0x7c0000000000,"
        + " 0x8000021c0000",
  })
  void windowsFollowFromTheIndex(
      int index, String buid, String pio, String mmio32, String mmio64, String ram, String atsd) {
    assertThat(VphbPlacement.of(index))
        .isEqualTo(
            new VphbPlacement(
                index,
                Long.decode(buid),
                Long.decode(pio),
                Long.decode(mmio32),
                Long.decode(mmio64)));
    assertThat(NvlinkWindows.of(index, MachineType.PSERIES_4_1))
        .isEqualTo(new NvlinkWindows(Long.decode(ram), Long.decode(atsd)));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 31, Integer.MAX_VALUE})
  void anIndexOutOfRangeIsRefused(int index) {
    assertThatThrownBy(() -> VphbPlacement.of(index))
        .isInstanceOf(Refusal.class)
        .hasMessage("vPHB index " + index + ", expected 0 to 30");
    assertThatThrownBy(() -> NvlinkWindows.of(index, MachineType.PSERIES_7_0))
        .isInstanceOf(Refusal.class);
  }

  @Test
  void machineTypesBefore41HaveNoNvlinkWindows() {
    assertThat(NvlinkWindows.of(1, MachineType.PSERIES_4_0)).isEqualTo(NvlinkWindows.NONE);
    assertThat(NvlinkWindows.NONE.exist()).isFalse();
    assertThat(new NvlinkWindows(0x4000_0000_0000L, 0).exist()).isFalse();
  }

  @Test
  void dmaWindowsAndInterruptsAreNumberedByIndex() {
    assertThat(VphbPlacement.of(3).liobn(1)).isEqualTo(0x8000_0301);
    assertThat(VphbPlacement.of(3).lsi(2)).isEqualTo(0x120e);
  }
}
