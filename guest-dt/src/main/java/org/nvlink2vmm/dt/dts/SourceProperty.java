package org.nvlink2vmm.dt.dts;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A property as written: its value with the places where references and labels stand. */
final class SourceProperty {
  final String name;
  final Set<String> labels = new LinkedHashSet<>();
  Position position;
  byte[] value;
  List<Mark> marks;
  boolean deleted;

  /**
   * @param deleted whether this is a {@code /delete-property/}, not a property
   */
  SourceProperty(String name, Position position, byte[] value, List<Mark> marks, boolean deleted) {
    this.name = name;
    this.position = position;
    this.value = value;
    this.marks = marks;
    this.deleted = deleted;
  }

  /** Takes over the value and the labels of a later property of the same name. */
  void replaceBy(SourceProperty later) {
    labels.addAll(later.labels);
    position = later.position;
    value = later.value;
    marks = later.marks;
    deleted = false;
  }

  void delete() {
    deleted = true;
    labels.clear();
  }
}
