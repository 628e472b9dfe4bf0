package org.nvlink2vmm.vmm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.vmm.cli.TraceOption.Instructions;
import org.nvlink2vmm.vmm.cli.TraceOption.Tracepoints;
import org.nvlink2vmm.vmm.machine.ConfigError;

class TraceOptionTest {
  @Test
  void aFileIsForTheHostsTracepoints() {
    for (String file : new String[] {"events", "./insn", "insns", "insn.log", "a:b"}) {
      assertThat(TraceOption.of(file)).isEqualTo(new Tracepoints(Path.of(file)));
    }
  }

  @Test
  void instructionsHaveAWindowThatIsTheFirstThousandWithoutAny() {
    assertThat(TraceOption.of("insn")).isEqualTo(new Instructions("0", 1000, Optional.empty()));
    assertThat(TraceOption.of("insn+5")).isEqualTo(new Instructions("0", 5, Optional.empty()));
    assertThat(TraceOption.of("insn:1000000+200"))
        .isEqualTo(new Instructions("1000000", 200, Optional.empty()));
    assertThat(TraceOption.of("insn:@start_kernel,out,1"))
        .isEqualTo(new Instructions("@start_kernel", 1000, Optional.of(Path.of("out,1"))));
    assertThat(TraceOption.of("insn:@0xC000000000000100+1"))
        .isEqualTo(new Instructions("@0xC000000000000100", 1, Optional.empty()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "insn:",
        "insn+",
        "insn,",
        "insn:x",
        "insn:@",
        "insn:-1",
        "insn:5+0",
        "insn:5-3",
        "insn:@0x",
        "insn:@0x11112222333344445",
        "insn:1111222233334444555",
        "insn:@a+b"
      })
  void anythingElseThatBeginsSoIsRefused(String text) {
    assertThatThrownBy(() -> TraceOption.of(text))
        .isInstanceOf(ConfigError.class)
        .hasMessageContaining(text);
  }
}
