package org.nvlink2vmm.dt.assertions;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.assertj.core.api.AbstractAssert;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Assertions about a node of a tree. */
public final class NodeAssert extends AbstractAssert<NodeAssert, Node> {
  private final DeviceTree tree;

  NodeAssert(DeviceTree tree, Node actual) {
    super(actual, NodeAssert.class);
    this.tree = tree;
  }

  /** Another node of the same tree, for one chain about several nodes. */
  public NodeAssert node(String path) {
    return new DeviceTreeAssert(tree).node(path);
  }

  public NodeAssert hasProperty(String name) {
    property(name);
    return this;
  }

  public NodeAssert hasNoProperty(String name) {
    actual
        .property(name)
        .ifPresent(
            property -> {
              throw failure(
                  "Expecting%n  %s%nto have no property %s, but it is%n  %s",
                  actual, name, hex(property));
            });
    return this;
  }

  /** The property is present and has no value. */
  public NodeAssert hasEmpty(String name) {
    Property property = property(name);
    if (property.length() != 0) {
      throw unexpected(name, "(empty)", hex(property));
    }
    return this;
  }

  /** The property is exactly these cells, big-endian, 32 bits each. */
  public NodeAssert hasU32(String name, int... cells) {
    Property property = property(name);
    if (!property.equals(Property.ofU32(name, cells))) {
      String expected =
          IntStream.of(cells)
              .mapToObj(cell -> "0x" + Integer.toHexString(cell))
              .collect(Collectors.joining(" ", "<", ">"));
      throw unexpected(name, expected, hex(property));
    }
    return this;
  }

  /** The property is exactly these numbers, big-endian, 64 bits each. */
  public NodeAssert hasU64(String name, long... numbers) {
    Property property = property(name);
    if (!property.equals(Property.ofU64(name, numbers))) {
      String expected =
          LongStream.of(numbers)
              .mapToObj(number -> "0x" + Long.toHexString(number))
              .collect(Collectors.joining(" ", "64 bits: <", ">"));
      throw unexpected(name, expected, numbers64(property));
    }
    return this;
  }

  /** The property is exactly these strings, each with its NUL. */
  public NodeAssert hasStrings(String name, String... strings) {
    Property property = property(name);
    if (!property.equals(Property.ofStrings(name, strings))) {
      boolean terminated = property.length() > 0 && property.byteAt(property.length() - 1) == 0;
      throw unexpected(
          name,
          Arrays.toString(strings),
          property.strings() + (terminated ? "" : " without NUL at the end"));
    }
    return this;
  }

  /** The property is exactly these bytes. */
  public NodeAssert hasBytes(String name, byte... bytes) {
    Property property = property(name);
    if (!property.equals(Property.ofBytes(name, bytes))) {
      throw unexpected(name, hex(Property.ofBytes(name, bytes)), hex(property));
    }
    return this;
  }

  /** The cells of the property are phandles of the nodes at these paths, in this order. */
  public NodeAssert hasPhandleList(String name, String... paths) {
    Property property = property(name);
    Map<Integer, Node> phandles = tree.phandles();
    List<String> found =
        IntStream.of(property.cells())
            .mapToObj(
                cell ->
                    Optional.ofNullable(phandles.get(cell))
                        .map(Node::path)
                        .orElse("0x%x, no node's phandle".formatted(cell)))
            .toList();
    if (!found.equals(List.of(paths)) || property.length() != 4 * paths.length) {
      throw unexpected(name, lines(List.of(paths)), lines(found));
    }
    return this;
  }

  /** {@code compatible} holds this model. */
  public NodeAssert isCompatibleWith(String model) {
    if (!actual.isCompatible(model)) {
      throw unexpected(
          "compatible",
          "a list with " + model,
          actual.property("compatible").map(p -> p.strings().toString()).orElse("absent"));
    }
    return this;
  }

  /** The names of the children, in tree order. */
  public NodeAssert hasChildren(String... names) {
    List<String> found = actual.children().stream().map(Node::name).toList();
    if (!found.equals(List.of(names))) {
      throw failure(
          "Expecting%n  %s%nto have the children%n  %s%nbut it has%n  %s",
          actual, lines(List.of(names)), lines(found));
    }
    return this;
  }

  private Property property(String name) {
    return actual
        .property(name)
        .orElseThrow(
            () ->
                failure(
                    "Expecting%n  %s%nto have the property %s, but it has%n  %s",
                    actual,
                    name,
                    actual.properties().stream()
                        .map(Property::name)
                        .collect(Collectors.joining(", "))));
  }

  private AssertionError unexpected(String name, String expected, String found) {
    return failure(
        "Expecting %s of%n  %s%nto be%n  %s%nbut it is%n  %s", name, actual, expected, found);
  }

  private static String lines(List<String> parts) {
    return parts.isEmpty() ? "(none)" : String.join("%n  ".formatted(), parts);
  }

  private static String hex(Property property) {
    if (property.length() == 0) {
      return "(empty)";
    }
    StringBuilder text = new StringBuilder();
    if (property.length() % 4 == 0) {
      for (int cell : property.cells()) {
        text.append(text.isEmpty() ? "<" : " ").append("0x").append(Integer.toHexString(cell));
      }
      return text.append('>').toString();
    }
    for (byte b : property.bytes()) {
      text.append(text.isEmpty() ? "[" : " ").append("%02x".formatted(b));
    }
    return text.append(']').toString();
  }

  private static String numbers64(Property property) {
    if (property.length() == 0 || property.length() % 8 != 0) {
      return hex(property);
    }
    return IntStream.range(0, property.length() / 8)
        .mapToObj(i -> "0x" + Long.toHexString(property.cellPair(2 * i)))
        .collect(Collectors.joining(" ", "64 bits: <", ">"));
  }
}
