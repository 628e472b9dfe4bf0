package org.nvlink2vmm.dt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Damages trees at random, for tests that nothing which reads trees can be upset by one. */
public final class TreeDamage {
  private TreeDamage() {}

  /** Does {@code mutations} things to a tree that it should not survive unharmed. */
  public static void damage(DeviceTree tree, Random random, int mutations) {
    for (int i = 0; i < mutations; i++) {
      mutate(tree, random);
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
