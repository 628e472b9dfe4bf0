package org.nvlink2vmm.dt.dts;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A node as written. A property or child that was deleted stays as a mark in its place, as in dtc:
 * something of the same name that comes later takes that place.
 */
final class SourceNode {
  final String name;
  final Position position;
  final Set<String> labels = new LinkedHashSet<>();
  final List<SourceProperty> properties = new ArrayList<>(4);
  final List<SourceNode> children = new ArrayList<>(2);
  boolean deleted;
  boolean omittedUnlessReferenced;
  boolean referenced;
  private Optional<SourceNode> parent = Optional.empty();
  private Map<String, SourceProperty> propertyIndex;
  private Map<String, SourceNode> childIndex;

  SourceNode(String name, Position position) {
    this.name = name;
    this.position = position;
  }

  void add(SourceProperty property) {
    properties.add(property);
    if (propertyIndex != null) {
      propertyIndex.putIfAbsent(property.name, property);
    }
  }

  void add(SourceNode child) {
    children.add(child);
    child.parent = Optional.of(this);
    if (childIndex != null) {
      childIndex.putIfAbsent(child.name, child);
    }
  }

  /** The property of this name; one that is deleted only when there is no other. */
  Optional<SourceProperty> property(String propertyName) {
    if (propertyIndex == null) {
      propertyIndex = new HashMap<>();
      properties.forEach(
          property ->
              propertyIndex.merge(
                  property.name, property, (first, next) -> first.deleted ? next : first));
    }
    return Optional.ofNullable(propertyIndex.get(propertyName));
  }

  /** The child of this name; one that is deleted only when there is no other. */
  Optional<SourceNode> child(String childName) {
    if (childIndex == null) {
      childIndex = new HashMap<>();
      children.forEach(
          child ->
              childIndex.merge(child.name, child, (first, next) -> first.deleted ? next : first));
    }
    return Optional.ofNullable(childIndex.get(childName));
  }

  /** The child of this name, unless it is deleted. */
  Optional<SourceNode> liveChild(String childName) {
    return child(childName).filter(child -> !child.deleted);
  }

  /** The property of this name that is not deleted. */
  Optional<SourceProperty> liveProperty(String propertyName) {
    return properties.stream()
        .filter(property -> !property.deleted && property.name.equals(propertyName))
        .findFirst();
  }

  /** Whether neither this node nor one above it is deleted. */
  boolean isLive() {
    for (Optional<SourceNode> node = Optional.of(this);
        node.isPresent();
        node = node.get().parent) {
      if (node.get().deleted) {
        return false;
      }
    }
    return true;
  }

  /** The full path, {@code /} for the root. */
  String path() {
    Deque<String> names = new ArrayDeque<>();
    SourceNode node = this;
    while (node.parent.isPresent()) {
      names.push(node.name);
      node = node.parent.get();
    }
    return "/" + String.join("/", names);
  }

  /** Nodes from the root to this one, both counted. */
  int depth() {
    int depth = 1;
    for (Optional<SourceNode> up = parent; up.isPresent(); up = up.get().parent) {
      depth++;
    }
    return depth;
  }

  /** Deletes this node and empties it; what comes in its place starts afresh. */
  void delete() {
    Deque<SourceNode> doomed = new ArrayDeque<>();
    doomed.push(this);
    while (!doomed.isEmpty()) {
      SourceNode node = doomed.pop();
      node.children.forEach(doomed::push);
      node.deleted = true;
      node.labels.clear();
      node.properties.clear();
      node.children.clear();
      node.propertyIndex = null;
      node.childIndex = null;
    }
  }
}
