package org.nvlink2vmm.dt.check;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * What differs between two trees in meaning.
 *
 * <p>Nodes and properties are matched by name, the second of one name with the second of the other
 * tree. A reference is compared by the node it leads to, and a node's own phandle is not compared,
 * so a tree equals its twin with other phandles; {@link Option#PHANDLES} compares the numbers
 * instead. The order of properties never matters, that of nodes only with {@link Option#ORDER}. The
 * boot CPU of the header is not compared, because text does not carry it.
 */
public final class TreeDiff {
  /** What is compared besides. */
  public enum Option {
    /** Phandles as plain numbers. */
    PHANDLES,
    /** The order of the nodes. */
    ORDER
  }

  private static final int[] NO_CELLS = {};

  private final DeviceTree before;
  private final DeviceTree after;
  private final boolean byNumber;
  private final boolean byOrder;
  private final Phandles beforePhandles;
  private final Phandles afterPhandles;
  private final Map<Node, Node> pairs = new HashMap<>();
  private final List<Difference> differences = new ArrayList<>();

  private TreeDiff(DeviceTree before, DeviceTree after, Option... options) {
    this.before = before;
    this.after = after;
    List<Option> chosen = List.of(options);
    byNumber = chosen.contains(Option.PHANDLES);
    byOrder = chosen.contains(Option.ORDER);
    beforePhandles = Phandles.of(before);
    afterPhandles = Phandles.of(after);
  }

  /** The differences of tree B ({@code after}) from tree A ({@code before}), in tree order. */
  public static List<Difference> between(DeviceTree before, DeviceTree after, Option... options) {
    TreeDiff diff = new TreeDiff(before, after, options);
    diff.compare();
    return List.copyOf(diff.differences);
  }

  private void compare() {
    if (!before.reservations().equals(after.reservations())) {
      differences.add(
          new Difference.ReservationsChanged(before.reservations(), after.reservations()));
    }
    pairNodes();
    Deque<Node> open = new ArrayDeque<>();
    open.push(before.root());
    while (!open.isEmpty()) {
      Node node = open.pop();
      Node twin = pairs.get(node);
      compareProperties(node, twin);
      compareChildren(node, twin);
      for (Node child : node.children().reversed()) {
        if (pairs.containsKey(child)) {
          open.push(child);
        }
      }
    }
  }

  /** References are judged by pairs, so all pairs are made before any property is looked at. */
  private void pairNodes() {
    Deque<Node> open = new ArrayDeque<>();
    open.push(before.root());
    pairs.put(before.root(), after.root());
    while (!open.isEmpty()) {
      Node node = open.pop();
      Map<Key, Node> twins = keyed(pairs.get(node).children(), Node::name);
      keyed(node.children(), Node::name)
          .forEach(
              (key, child) -> {
                Node twin = twins.get(key);
                if (twin != null) {
                  pairs.put(child, twin);
                  open.push(child);
                }
              });
    }
  }

  /** A name and how many of the same name went before. */
  private record Key(String name, int occurrence) {}

  private static <T> Map<Key, T> keyed(List<T> members, Function<T, String> nameOf) {
    Map<Key, T> keyed = LinkedHashMap.newLinkedHashMap(members.size());
    Map<String, Integer> seen = HashMap.newHashMap(members.size());
    for (T member : members) {
      String name = nameOf.apply(member);
      keyed.put(new Key(name, seen.merge(name, 1, Integer::sum)), member);
    }
    return keyed;
  }

  private void compareProperties(Node node, Node twin) {
    Map<Key, Property> others = keyed(twin.properties(), Property::name);
    keyed(node.properties(), Property::name)
        .forEach(
            (key, property) -> {
              Property other = others.remove(key);
              if (other == null) {
                differences.add(new Difference.PropertyRemoved(node.path(), property));
              } else {
                compareValues(node, twin, property, other);
              }
            });
    others
        .values()
        .forEach(other -> differences.add(new Difference.PropertyAdded(node.path(), other)));
  }

  private void compareValues(Node node, Node twin, Property property, Property other) {
    Optional<PhandleProperties.Layout> layout = PhandleProperties.layout(property.name());
    if (byNumber || layout.isEmpty()) {
      if (!property.equals(other)) {
        addChange(node, property, other, NO_CELLS, NO_CELLS, References.NONE);
      }
      return;
    }
    boolean own = layout.get() == PhandleProperties.Layout.OWN;
    if (own && property.length() == 4 && other.length() == 4) {
      return;
    }
    int[] cells = PhandleProperties.references(node, property, beforePhandles);
    int[] otherCells = PhandleProperties.references(twin, other, afterPhandles);
    References references = references(property, other, cells, otherCells);
    if (property.length() != other.length() || references.firstDifference(property, other) >= 0) {
      addChange(node, property, other, cells, otherCells, references);
    }
  }

  /** The cells of two values that are references in both: to twins, or to different nodes. */
  private record References(BitSet same, BitSet different) {
    static final References NONE = new References(new BitSet(), new BitSet());

    /** The first byte that differs in meaning, -1 if none does. */
    int firstDifference(Property property, Property other) {
      int common = Math.min(property.length(), other.length());
      for (int i = 0; i < common; i++) {
        boolean equal = property.byteAt(i) == other.byteAt(i);
        if (different.get(i / 4) || (!equal && !same.get(i / 4))) {
          return i;
        }
      }
      return -1;
    }
  }

  private References references(Property property, Property other, int[] cells, int[] otherCells) {
    References references = new References(new BitSet(), new BitSet());
    if (!Arrays.equals(cells, otherCells)) {
      return references;
    }
    for (int cell : cells) {
      Node target = beforePhandles.find(property.cell(cell)).orElse(null);
      Node otherTarget = afterPhandles.find(other.cell(cell)).orElse(null);
      if (target == null && otherTarget == null) {
        continue;
      }
      boolean twins = target != null && otherTarget != null && pairs.get(target) == otherTarget;
      (twins ? references.same : references.different).set(cell);
    }
    return references;
  }

  private void addChange(
      Node node,
      Property property,
      Property other,
      int[] cells,
      int[] otherCells,
      References references) {
    int cell = Math.max(0, references.firstDifference(property, other)) / 4;
    differences.add(
        new Difference.PropertyChanged(
            node.path(),
            property,
            other,
            ValueText.around(property, cell, cells, beforePhandles),
            ValueText.around(other, cell, otherCells, afterPhandles)));
  }

  private void compareChildren(Node node, Node twin) {
    Map<Key, Node> twins = keyed(twin.children(), Node::name);
    List<Node> common = new ArrayList<>();
    keyed(node.children(), Node::name)
        .forEach(
            (key, child) -> {
              if (twins.remove(key) == null) {
                differences.add(new Difference.NodeRemoved(child.path(), child));
              } else {
                common.add(child);
              }
            });
    twins.values().forEach(child -> differences.add(new Difference.NodeAdded(child.path(), child)));
    if (byOrder) {
      compareOrder(node, twin, common, List.copyOf(twins.values()));
    }
  }

  private void compareOrder(Node node, Node twin, List<Node> common, List<Node> added) {
    Set<Node> isAdded = new HashSet<>(added);
    List<Node> commonAfter = twin.children().stream().filter(c -> !isAdded.contains(c)).toList();
    for (int i = 0; i < common.size(); i++) {
      if (pairs.get(common.get(i)) != commonAfter.get(i)) {
        differences.add(
            new Difference.OrderChanged(
                node.path(),
                common.stream().map(Node::name).toList(),
                commonAfter.stream().map(Node::name).toList()));
        return;
      }
    }
  }
}
