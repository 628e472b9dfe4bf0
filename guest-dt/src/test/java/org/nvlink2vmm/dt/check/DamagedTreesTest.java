package org.nvlink2vmm.dt.check;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Whatever is done to a tree, it is judged and compared, not thrown at the caller. */
class DamagedTreesTest {
  private static final int ROUNDS = 40;

  static Stream<Long> seeds() {
    return LongStream.range(0, 8).boxed();
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void noTreeMakesCheckOrDiffThrow(long seed) {
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      DeviceTree tree = TestTrees.machine();
      int mutations = 1 + random.nextInt(12);
      for (int i = 0; i < mutations; i++) {
        mutate(tree, random);
      }
      DeviceTree sound = TestTrees.machine();
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

  private static void mutate(DeviceTree tree, Random random) {
    List<Node> nodes = new ArrayList<>();
    tree.nodes().forEach(nodes::add);
    Node node = nodes.get(random.nextInt(nodes.size()));
    Node other = nodes.get(random.nextInt(nodes.size()));
    switch (random.nextInt(9)) {
      case 0 -> node.parent().ifPresent(parent -> parent.removeChild(node));
      case 1 -> randomProperty(node, random, p -> node.removeProperty(p.name()));
      case 2 -> randomProperty(node, random, p -> node.set(cut(p, random)));
      case 3 -> randomProperty(node, random, p -> node.set(noise(p.name(), random)));
      case 4 -> randomProperty(node, random, p -> other.set(p));
      case 5 -> randomProperty(node, random, p -> other.append(noise(p.name(), random)));
      case 6 -> randomProperty(node, random, p -> node.set(flipped(p, random)));
      case 7 -> other.properties().forEach(other.addChild(node.name())::append);
      default -> randomProperty(node, random, p -> node.set(extreme(p.name(), random)));
    }
  }

  private static void randomProperty(Node node, Random random, Consumer<Property> use) {
    List<Property> properties = node.properties();
    if (!properties.isEmpty()) {
      use.accept(properties.get(random.nextInt(properties.size())));
    }
  }

  private static Property cut(Property property, Random random) {
    byte[] bytes = property.bytes();
    return Property.ofBytes(
        property.name(), Arrays.copyOf(bytes, random.nextInt(bytes.length + 6)));
  }

  private static Property noise(String name, Random random) {
    byte[] bytes = new byte[random.nextInt(40)];
    random.nextBytes(bytes);
    return Property.ofBytes(name, bytes);
  }

  private static Property flipped(Property property, Random random) {
    byte[] bytes = property.bytes();
    if (bytes.length > 0) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return Property.ofBytes(property.name(), bytes);
  }

  private static Property extreme(String name, Random random) {
    int[] values = {0, 1, 2, 3, 4, 5, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 0x12010008};
    int[] cells = new int[random.nextInt(9)];
    for (int i = 0; i < cells.length; i++) {
      cells[i] = values[random.nextInt(values.length)];
    }
    return Property.ofU32(name, cells);
  }
}
