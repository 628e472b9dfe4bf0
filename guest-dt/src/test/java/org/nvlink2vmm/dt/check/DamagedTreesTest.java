package org.nvlink2vmm.dt.check;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.TreeDamage;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** Whatever is done to a tree, it is judged and compared, not thrown at the caller. */
class DamagedTreesTest {
  private static final int ROUNDS = 40;

  private static final List<Supplier<DeviceTree>> TREES =
      List.of(
          TestTrees::machine,
          TestTrees::machine,
          () -> TestTrees.golden("j-behind-bridge"),
          () -> TestTrees.golden("l2-two-numa-nodes-form2"),
          () -> BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow());

  static Stream<Long> seeds() {
    return LongStream.range(0, 8).boxed();
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void noTreeMakesCheckOrDiffThrow(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      Supplier<DeviceTree> trees = TREES.get(random.nextInt(TREES.size()));
      DeviceTree tree = trees.get();
      TreeDamage.damage(tree, random, 1 + random.nextInt(12));
      DeviceTree sound = trees.get();
      assertThatCode(
              () -> {
                GuestRules.check(tree).text();
                DiffText.of(TreeDiff.between(tree, sound, TreeDiff.Option.ORDER));
                DiffText.of(TreeDiff.between(sound, tree));
              })
          .as("seed %d, round %d", seed, round)
          .doesNotThrowAnyException();
    }
  }
}
