package org.nvlink2vmm.dt.tree;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A node: a name, ordered properties, ordered children. The root's name is empty.
 *
 * <p>Names are not judged here: a tree under test may hold any. Of two properties or children with
 * one name the first is found by name, both are listed.
 */
public final class Node {
  private final String name;
  private Node parent;
  private final NamedList<Property> properties = new NamedList<>(Property::name);
  private final NamedList<Node> children = new NamedList<>(Node::name);

  Node(String name, Node parent) {
    this.name = Objects.requireNonNull(name, "name");
    this.parent = parent;
  }

  /** The whole name, unit address included: {@code memory@0}. */
  public String name() {
    return name;
  }

  /** The part of the name before {@code @}. */
  public String baseName() {
    int at = name.indexOf('@');
    return at < 0 ? name : name.substring(0, at);
  }

  /** The part of the name after {@code @}, if it has one. */
  public Optional<String> unitAddress() {
    int at = name.indexOf('@');
    return at < 0 ? Optional.empty() : Optional.of(name.substring(at + 1));
  }

  /** Empty for the root, and for a node that was removed. */
  public Optional<Node> parent() {
    return Optional.ofNullable(parent);
  }

  /** The full path, {@code /} for the root. */
  public String path() {
    if (parent == null) {
      return "/";
    }
    StringBuilder path = new StringBuilder();
    for (Node node = this; node.parent != null; node = node.parent) {
      path.insert(0, node.name).insert(0, '/');
    }
    return path.toString();
  }

  public List<Property> properties() {
    return properties.view();
  }

  public List<Node> children() {
    return children.view();
  }

  public Optional<Property> property(String propertyName) {
    return Optional.ofNullable(properties.find(propertyName));
  }

  public boolean has(String propertyName) {
    return properties.find(propertyName) != null;
  }

  /** First cell of a property; empty when it is absent or too short. */
  public OptionalInt u32(String propertyName) {
    Property property = properties.find(propertyName);
    return property == null ? OptionalInt.empty() : property.u32();
  }

  /** First two cells of a property; empty when it is absent or too short. */
  public OptionalLong u64(String propertyName) {
    Property property = properties.find(propertyName);
    return property == null ? OptionalLong.empty() : property.u64();
  }

  /** A property as one string; empty when it is absent. */
  public Optional<String> string(String propertyName) {
    return property(propertyName).map(Property::string);
  }

  /** Whether {@code compatible} holds {@code model}. */
  public boolean isCompatible(String model) {
    Property compatible = properties.find("compatible");
    return compatible != null && compatible.strings().contains(model);
  }

  /** {@code phandle}, or {@code linux,phandle} where only that is present. */
  public OptionalInt phandle() {
    OptionalInt phandle = u32("phandle");
    return phandle.isPresent() ? phandle : u32("linux,phandle");
  }

  /** The child of exactly this name. */
  public Optional<Node> child(String childName) {
    return Optional.ofNullable(children.find(childName));
  }

  /** Appends a child and returns it. */
  public Node addChild(String childName) {
    Node child = new Node(childName, this);
    children.add(child);
    return child;
  }

  /** The child of this name, appended when there is none. */
  public Node childOrNew(String childName) {
    Node child = children.find(childName);
    return child != null ? child : addChild(childName);
  }

  public void removeChild(Node child) {
    if (children.remove(child)) {
      child.parent = null;
    }
  }

  /** Sets a property: in the place of one with this name, else at the end. Returns this node. */
  public Node set(Property property) {
    Property old = properties.find(property.name());
    if (old == null) {
      properties.add(property);
    } else {
      properties.replace(old, property);
    }
    return this;
  }

  /** Appends a property even where one of this name exists (trees under test may have both). */
  public Node append(Property property) {
    properties.add(property);
    return this;
  }

  public Node setEmpty(String propertyName) {
    return set(Property.empty(propertyName));
  }

  public Node setU32(String propertyName, int... cells) {
    return set(Property.ofU32(propertyName, cells));
  }

  public Node setU64(String propertyName, long... numbers) {
    return set(Property.ofU64(propertyName, numbers));
  }

  public Node setStrings(String propertyName, String... strings) {
    return set(Property.ofStrings(propertyName, strings));
  }

  public void removeProperty(String propertyName) {
    Property property = properties.find(propertyName);
    if (property != null) {
      properties.remove(property);
    }
  }

  void reverse() {
    properties.reverse();
    children.reverse();
  }

  @Override
  public String toString() {
    return path();
  }
}
