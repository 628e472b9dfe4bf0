package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.check.Finding;
import org.nvlink2vmm.dt.check.GuestRules;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** What we write for a machine is what the rules ask for, unless the machine itself lacks it. */
class CorrectedTreesPassTest {
  private static final Set<String> REFUSED =
      Set.of("g1-four-links-one-gpu", "g2-seven-gpus", "i6-duplicate-gpu-tgt");

  static Stream<String> cases() throws IOException {
    return GoldenCase.names().stream().filter(name -> !REFUSED.contains(name));
  }

  private static Set<String> failures(MachineDescription machine, int resets) {
    DeviceTree tree = SpaprTree.write(machine, MachineLayout.afterResets(machine, resets));
    return GuestRules.check(tree).failures().stream()
        .map(Finding::rule)
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void treesOfTheGoldenMachinesPassWhenCorrected(String name) throws IOException {
    GoldenCase golden = GoldenCase.of(name);

    assertThat(failures(golden.description(Compat.CORRECTED), golden.resets()))
        .isEqualTo(name.equals("i3-no-eeh") ? Set.of("G7", "N12") : Set.of());
  }

  @Test
  void treesOfSoundMachinesPass() {
    for (long seed = 0; seed < 60; seed++) {
      MachineDescription machine = RandomMachine.sound(seed).next(Compat.CORRECTED);
      try {
        assertThat(failures(machine, 2)).as("seed %d", seed).isEmpty();
      } catch (Refusal refusal) {
        assertThat(refusal).as("seed %d", seed).hasMessageContaining("one bridge too many");
      }
    }
  }
}
