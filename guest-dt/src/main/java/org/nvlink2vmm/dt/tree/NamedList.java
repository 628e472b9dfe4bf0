package org.nvlink2vmm.dt.tree;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * An ordered list whose members are found by name; of equal names the first is found. Short lists
 * are searched, long ones indexed, so that neither a small node nor one with 10,000 children is
 * slow.
 */
final class NamedList<T> {
  private static final int INDEX_FROM = 12;

  private final Function<T, String> nameOf;
  private final List<T> members = new ArrayList<>(4);
  private final List<T> view = Collections.unmodifiableList(members);
  private Map<String, T> index;

  NamedList(Function<T, String> nameOf) {
    this.nameOf = nameOf;
  }

  List<T> view() {
    return view;
  }

  T find(String name) {
    if (members.size() >= INDEX_FROM) {
      return index().get(name);
    }
    for (int i = 0; i < members.size(); i++) {
      if (nameOf.apply(members.get(i)).equals(name)) {
        return members.get(i);
      }
    }
    return null;
  }

  void add(T member) {
    members.add(member);
    if (index != null) {
      index.putIfAbsent(nameOf.apply(member), member);
    }
  }

  /** Puts {@code replacement} where {@code member} stands. */
  void replace(T member, T replacement) {
    members.set(members.indexOf(member), replacement);
    index = null;
  }

  boolean remove(T member) {
    index = null;
    return members.remove(member);
  }

  void reverse() {
    Collections.reverse(members);
    index = null;
  }

  private Map<String, T> index() {
    if (index == null) {
      index = HashMap.newHashMap(members.size());
      for (T member : members) {
        index.putIfAbsent(nameOf.apply(member), member);
      }
    }
    return index;
  }
}
