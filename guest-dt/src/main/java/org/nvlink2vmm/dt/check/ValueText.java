package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nvlink2vmm.dt.tree.Property;

/**
 * Values as people read them: {@code "a", "b"} for printable strings, {@code <0x1 0x20>} for cells,
 * {@code [0a 1b]} for other bytes, phandles as {@code &/path}. Long values are cut.
 */
final class ValueText {
  /** Cells or bytes shown of one value. */
  private static final int MOST = 24;

  private static final int[] NONE = {};

  private ValueText() {}

  /** The value with its numbers as they are. */
  static String of(Property property) {
    return of(property, NONE, new Phandles(Map.of()));
  }

  /** The value with the cells at {@code references} shown as the nodes they refer to. */
  static String of(Property property, int[] references, Phandles phandles) {
    return around(property, 0, references, phandles);
  }

  /**
   * The value, of a long list of cells the part around cell {@code cell} with the index of the
   * first one shown.
   */
  static String around(Property property, int cell, int[] references, Phandles phandles) {
    if (property.length() == 0) {
      return "(empty)";
    }
    if (references.length == 0 && isStrings(property)) {
      return strings(property);
    }
    if (property.length() % 4 != 0) {
      return bytes(property);
    }
    int from = property.cellCount() <= MOST ? 0 : Math.max(0, cell - 2);
    return cells(property, from, references, phandles);
  }

  private static String cells(Property property, int from, int[] references, Phandles phandles) {
    int count = property.cellCount();
    int end = Math.min(count, from + MOST);
    List<String> parts = new ArrayList<>();
    for (int i = from; i < end; i++) {
      String number = "0x" + Integer.toHexString(property.cell(i));
      parts.add(
          Arrays.binarySearch(references, i) < 0
              ? number
              : phandles.find(property.cell(i)).map(node -> "&" + node.path()).orElse(number));
    }
    String text = "<" + String.join(" ", parts) + (end < count ? " ...>" : ">");
    return from == 0 && end == count ? text : text + " (from cell " + from + " of " + count + ")";
  }

  private static String bytes(Property property) {
    StringBuilder text = new StringBuilder("[");
    int end = Math.min(property.length(), 2 * MOST);
    for (int i = 0; i < end; i++) {
      text.append(i == 0 ? "" : " ").append("%02x".formatted(property.byteAt(i) & 0xff));
    }
    return end < property.length()
        ? text.append(" ...] (").append(property.length()).append(" bytes)").toString()
        : text.append("]").toString();
  }

  private static String strings(Property property) {
    List<String> parts = new ArrayList<>();
    for (String string : property.strings()) {
      if (parts.size() == MOST) {
        parts.add("...");
        break;
      }
      parts.add('"' + string.replace("\\", "\\\\").replace("\"", "\\\"") + '"');
    }
    return String.join(", ", parts);
  }

  /** Whether the value is one or more non-empty printable strings, each with its NUL. */
  private static boolean isStrings(Property property) {
    int length = property.length();
    if (length == 0 || property.byteAt(length - 1) != 0) {
      return false;
    }
    boolean inString = false;
    for (int i = 0; i < length; i++) {
      byte b = property.byteAt(i);
      if (b == 0 ? !inString : b < 0x20 || b == 0x7f) {
        return false;
      }
      inString = b != 0;
    }
    return true;
  }
}
