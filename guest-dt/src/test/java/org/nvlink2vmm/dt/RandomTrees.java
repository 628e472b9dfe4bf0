package org.nvlink2vmm.dt;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

/**
 * Trees made from a seed, the same each time: any shape, every form of value, names that dtc takes
 * (so no {@code name} and no {@code phandle} that is not one), no name twice in a node.
 */
public final class RandomTrees {
  private static final String NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDXYZ0123456789,._+-";
  private static final String[] COMMON_NAMES = {
    "reg", "compatible", "status", "ranges", "ibm,associativity", "ibm,npu", "device_type", "g"
  };

  private final Random random;
  private int phandle;

  private RandomTrees(long seed) {
    this.random = new Random(seed);
  }

  /** A tree of up to {@code nodes} nodes. */
  public static DeviceTree tree(long seed, int nodes) {
    return new RandomTrees(seed).make(nodes);
  }

  /** A name that dtc takes for a property. */
  public static String propertyName(Random random) {
    if (random.nextInt(3) == 0) {
      return COMMON_NAMES[random.nextInt(COMMON_NAMES.length)];
    }
    String prefix = random.nextInt(8) == 0 ? "#" : "";
    return prefix + characters(random, 1 + random.nextInt(20));
  }

  private DeviceTree make(int nodes) {
    DeviceTree tree = new DeviceTree();
    for (int i = random.nextInt(4); i > 0; i--) {
      // An entry of zeros would end the block.
      tree.reservations().add(new Reservation(random.nextLong(), 1 + random.nextInt(100)));
    }
    List<Node> parents = new ArrayList<>(List.of(tree.root()));
    addProperties(tree.root());
    for (int i = random.nextInt(nodes); i > 0; i--) {
      // Mostly young parents: deep trees, and wide ones.
      int back = 1 + (int) (random.nextDouble() * random.nextDouble() * parents.size());
      Node parent = parents.get(parents.size() - Math.min(back, parents.size()));
      String name = characters(random, 1 + random.nextInt(12));
      if (random.nextBoolean()) {
        name += "@" + Long.toHexString(random.nextInt(4) == 0 ? random.nextLong() : i);
      }
      if (isFree(parent, name) && depth(parent) < 60 && !name.equals("cpus")) {
        Node node = parent.addChild(name);
        addProperties(node);
        parents.add(node);
      }
    }
    return tree;
  }

  private void addProperties(Node node) {
    for (int i = random.nextInt(7); i > 0; i--) {
      String name = propertyName(random);
      if (!name.equals("name") && !name.equals("phandle")) {
        node.set(value(name));
      }
    }
    if (random.nextInt(3) == 0) {
      phandle += 1 + random.nextInt(3);
      node.setU32("phandle", phandle);
    }
  }

  private Property value(String name) {
    return switch (random.nextInt(7)) {
      case 0 -> Property.empty(name);
      case 1 -> Property.ofU32(name, random.ints(1 + random.nextInt(20)).toArray());
      case 2 -> Property.ofU32(name, random.ints(1 + random.nextInt(5), 0, 300).toArray());
      case 3 -> Property.ofU64(name, random.longs(1 + random.nextInt(5)).toArray());
      case 4 -> Property.ofStrings(name, strings());
      case 5 -> Property.ofBytes(name, bytes(random.nextInt(40)));
      default -> Property.ofBytes(name, nearlyText());
    };
  }

  private String[] strings() {
    String[] strings = new String[1 + random.nextInt(4)];
    for (int i = 0; i < strings.length; i++) {
      StringBuilder text = new StringBuilder();
      for (int k = random.nextInt(12); k > 0; k--) {
        text.append((char) (' ' + random.nextInt(95)));
      }
      strings[i] = text.toString();
    }
    return strings;
  }

  private byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /** On the border between strings and numbers: controls, NULs, digits behind them. */
  private byte[] nearlyText() {
    byte[] bytes = new byte[1 + random.nextInt(16)];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) "\0\0\1\7\b\t\n\f\r\"\\'018xaZ~".charAt(random.nextInt(19));
    }
    if (random.nextInt(4) != 0) {
      bytes[bytes.length - 1] = 0;
    }
    return bytes;
  }

  private static String characters(Random random, int length) {
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < length; i++) {
      // A letter first: some checks of dtc want it.
      name.append(NAME_CHARACTERS.charAt(random.nextInt(i == 0 ? 26 : NAME_CHARACTERS.length())));
    }
    return name.toString();
  }

  /** libfdt takes {@code m} for {@code m@1} too, so no node has children of both kinds. */
  private static boolean isFree(Node parent, String name) {
    int at = name.indexOf('@');
    String base = at < 0 ? name : name.substring(0, at);
    return parent.children().stream()
        .filter(child -> child.baseName().equals(base))
        .allMatch(
            child ->
                !child.name().equals(name) && child.name().contains("@") && name.contains("@"));
  }

  private static int depth(Node node) {
    int depth = 1;
    for (Node up = node; up.parent().isPresent(); up = up.parent().orElseThrow()) {
      depth++;
    }
    return depth;
  }
}
