package org.nvlink2vmm.vmm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.vmm.machine.ConfigError;

class GdbAddressTest {
  @Test
  void withoutAHostItIsTheLoopbackInterface() {
    for (String text : new String[] {":1234", "1234"}) {
      InetSocketAddress address = GdbAddress.of(text);
      assertThat(address.getAddress().isLoopbackAddress()).as(text).isTrue();
      assertThat(address.getPort()).as(text).isEqualTo(1234);
    }
  }

  @Test
  void aHostIsTakenAsItIsNamed() {
    assertThat(GdbAddress.of("0.0.0.0:1").getAddress().isAnyLocalAddress()).isTrue();
    assertThat(GdbAddress.text(GdbAddress.of("[::1]:65535"))).isEqualTo("[0:0:0:0:0:0:0:1]:65535");
    assertThat(GdbAddress.text(GdbAddress.of("127.0.0.2:0"))).isEqualTo("127.0.0.2:0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":", ":x", ":-1", ":65536", ":123456", "a:b:1", "::1:5", "[::1]"})
  void anythingElseIsRefused(String text) {
    assertThatThrownBy(() -> GdbAddress.of(text)).isInstanceOf(ConfigError.class);
  }
}
