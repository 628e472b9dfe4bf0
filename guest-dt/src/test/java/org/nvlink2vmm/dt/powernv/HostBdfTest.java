package org.nvlink2vmm.dt.powernv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostBdfTest {
  @Test
  void textAndNumbersAgree() {
    HostBdf bdf = HostBdf.parse("0035:03:1f.7");

    assertThat(bdf).isEqualTo(new HostBdf(0x35, 3, 0x1f, 7)).hasToString("0035:03:1f.7");
    assertThat(bdf.devfn()).isEqualTo(0xff);
    assertThat(bdf.bdfn()).isEqualTo(0x3ff);
  }

  @Test
  void orderIsByDomainThenBusThenDevice() {
    assertThat(HostBdf.parse("ffff:00:00.0")).isGreaterThan(HostBdf.parse("0004:05:00.0"));
    assertThat(HostBdf.parse("0004:05:00.0")).isGreaterThan(HostBdf.parse("0004:04:1f.7"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "4:4:0.0", "0004:04:00", "0004:04:20.0", "0004:04:00.8", "0004:04:00.0 "})
  void otherFormsAreRefused(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostBdf.parse(text))
        .withMessageContaining("DDDD:BB:DD.F");
  }

  @Test
  void numbersThatDoNotFitAreRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new HostBdf(0x10000, 0, 0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new HostBdf(0, -1, 0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new HostBdf(0, 0, 32, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new HostBdf(0, 0, 0, 8));
  }
}
