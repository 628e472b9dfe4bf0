package org.nvlink2vmm.dt.dts;

import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.NodeVisitor;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

/**
 * Writes trees as text, letter by letter as {@code dtc -I dtb -O dts} does: tabs, an empty line
 * before each subnode, and for each value the first form that fits: strings (printable, NUL at the
 * end, no more NULs than other bytes), cells ({@code <0x01 0x20>}), bytes ({@code [0a 1b]}).
 *
 * <p>It differs in one place, where reading dtc's text would give another value: a NUL inside a
 * string with a digit behind it is written {@code \000}, not {@code \0}.
 */
public final class DtsWriter implements NodeVisitor {
  private final StringBuilder text = new StringBuilder();
  private int depth;

  private DtsWriter() {}

  /**
   * The text of {@code tree}.
   *
   * @throws DtsException when a name cannot be written so that it is read back: it is empty or
   *     holds characters other than letters, digits and {@code ,._+*#?@-}
   */
  public static String text(DeviceTree tree) {
    DtsWriter writer = new DtsWriter();
    writer.text.append("/dts-v1/;\n\n");
    for (Reservation reservation : tree.reservations()) {
      writer
          .text
          .append("/memreserve/\t0x")
          .append(hex16(reservation.address()))
          .append(" 0x")
          .append(hex16(reservation.size()))
          .append(";\n");
    }
    tree.walk(writer);
    return writer.text.toString();
  }

  @Override
  public void enter(Node node) {
    if (depth > 0) {
      text.append('\n');
    }
    indent(depth);
    if (node.parent().isEmpty()) {
      text.append('/');
    } else {
      text.append(checked(node.name(), "Node name", node));
    }
    text.append(" {\n");
    depth++;
    for (Property property : node.properties()) {
      indent(depth);
      text.append(checked(property.name(), "Property name", node));
      value(property);
      text.append(";\n");
    }
  }

  @Override
  public void leave(Node node) {
    depth--;
    indent(depth);
    text.append("};\n");
  }

  private void value(Property property) {
    byte[] bytes = property.bytes();
    if (bytes.length == 0) {
      return;
    }
    if (isText(bytes)) {
      text.append(" = \"");
      string(bytes);
      text.append('"');
    } else if (bytes.length % 4 == 0) {
      text.append(" = <");
      for (int i = 0; i < property.cellCount(); i++) {
        text.append(i == 0 ? "0x" : " 0x");
        int cell = property.cell(i);
        if (Integer.compareUnsigned(cell, 0x10) < 0) {
          text.append('0');
        }
        text.append(Integer.toHexString(cell));
      }
      text.append('>');
    } else {
      text.append(" = [");
      for (int i = 0; i < bytes.length; i++) {
        if (i > 0) {
          text.append(' ');
        }
        hexByte(bytes[i]);
      }
      text.append(']');
    }
  }

  private static boolean isText(byte[] bytes) {
    if (bytes[bytes.length - 1] != 0) {
      return false;
    }
    int nuls = 0;
    for (byte b : bytes) {
      if (b == 0) {
        nuls++;
      } else if (!isPrintable(b) && (b < 7 || b > 13)) {
        return false;
      }
    }
    return nuls <= bytes.length - nuls;
  }

  private void string(byte[] bytes) {
    for (int i = 0; i < bytes.length - 1; i++) {
      byte b = bytes[i];
      switch (b) {
        case 0 -> text.append(isOctalDigit(bytes[i + 1]) ? "\\000" : "\\0");
        case 7 -> text.append("\\a");
        case '\b' -> text.append("\\b");
        case '\t' -> text.append("\\t");
        case '\n' -> text.append("\\n");
        case 11 -> text.append("\\v");
        case '\f' -> text.append("\\f");
        case '\r' -> text.append("\\r");
        case '\\' -> text.append("\\\\");
        case '"' -> text.append("\\\"");
        default -> text.append((char) b);
      }
    }
  }

  private static boolean isPrintable(byte b) {
    return b >= 0x20 && b < 0x7f;
  }

  private static boolean isOctalDigit(byte b) {
    return b >= '0' && b <= '7';
  }

  private void hexByte(byte b) {
    text.append(Character.forDigit((b >> 4) & 0xf, 16)).append(Character.forDigit(b & 0xf, 16));
  }

  private static String hex16(long number) {
    return String.format("%016x", number);
  }

  private void indent(int tabs) {
    text.repeat('\t', tabs);
  }

  private static String checked(String name, String what, Node node) {
    boolean sound = !name.isEmpty();
    for (int i = 0; i < name.length() && sound; i++) {
      sound = DtsLexer.isNameCharacter(name.charAt(i));
    }
    if (!sound) {
      throw new DtsException(
          what + " '" + name + "' at " + node.path() + " cannot be written as text");
    }
    return name;
  }
}
