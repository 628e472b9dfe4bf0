package org.nvlink2vmm.dt.fdt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.nvlink2vmm.dt.fdt.FdtException.Fault;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.NodeVisitor;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

/**
 * Writes trees as blobs of version 17 (readable from version 16 on), byte for byte as dtc does:
 * header, memory reservations, structure, strings, without gaps. Nodes and properties stand in the
 * order of the tree. Names are written one byte a character (U+0001 to U+00FF). All numbers are
 * big-endian.
 */
public final class FdtWriter {
  private static final int VERSION = 17;
  private static final int LAST_COMPATIBLE_VERSION = 16;
  private static final int RESERVATION_SIZE = 16;

  private FdtWriter() {}

  /**
   * Bytes that the blob of {@code tree} takes.
   *
   * @throws FdtException when the tree cannot be written: a name, or more than 2 GiB - 1
   */
  public static long size(DeviceTree tree) {
    return size(tree, new StringsBlock());
  }

  /**
   * Writes the blob of {@code tree} to the start of {@code target}, in one pass.
   *
   * @return the bytes written
   * @throws FdtException when the tree cannot be written or {@code target} is too small (its
   *     content is then undefined)
   */
  public static long write(DeviceTree tree, MemorySegment target) {
    return write(tree, target, new StringsBlock());
  }

  /**
   * The blob of {@code tree}.
   *
   * @throws FdtException when the tree cannot be written: a name, or more than 2 GiB - 1
   */
  public static byte[] bytes(DeviceTree tree) {
    StringsBlock strings = new StringsBlock();
    byte[] blob = new byte[(int) size(tree, strings)];
    long _ = write(tree, MemorySegment.ofArray(blob), strings);
    return blob;
  }

  private static long size(DeviceTree tree, StringsBlock strings) {
    Measure measure = new Measure(structOffset(tree), strings);
    tree.walk(measure);
    return checkSize(measure.at + 4 + strings.length());
  }

  private static long write(DeviceTree tree, MemorySegment target, StringsBlock strings) {
    long structOffset = structOffset(tree);
    checkSpace(target, structOffset);
    long at = FdtHeader.SIZE;
    for (Reservation reservation : tree.reservations()) {
      target.set(FdtHeader.BE64, at, reservation.address());
      target.set(FdtHeader.BE64, at + 8, reservation.size());
      at += RESERVATION_SIZE;
    }
    target.set(FdtHeader.BE64, at, 0);
    target.set(FdtHeader.BE64, at + 8, 0);

    Structure structure = new Structure(target, structOffset, strings);
    tree.walk(structure);
    structure.word(Token.END);
    long stringsOffset = structure.at;
    long size = checkSize(stringsOffset + strings.length());
    checkSpace(target, size);
    strings.copyTo(target, stringsOffset);
    new FdtHeader(
            (int) size,
            (int) structOffset,
            (int) stringsOffset,
            FdtHeader.SIZE,
            VERSION,
            LAST_COMPATIBLE_VERSION,
            tree.bootCpu(),
            strings.length(),
            (int) (stringsOffset - structOffset))
        .write(target);
    return size;
  }

  private static long structOffset(DeviceTree tree) {
    return FdtHeader.SIZE + RESERVATION_SIZE * (tree.reservations().size() + 1L);
  }

  private static long checkSize(long size) {
    if (size > Integer.MAX_VALUE) {
      throw new FdtException(
          Fault.TOO_LARGE, Integer.MAX_VALUE, "The blob takes " + size + " bytes");
    }
    return size;
  }

  private static void checkSpace(MemorySegment target, long needed) {
    if (needed > target.byteSize()) {
      throw new FdtException(
          Fault.NO_SPACE,
          target.byteSize(),
          "The blob does not fit: room for "
              + target.byteSize()
              + " bytes, needs "
              + needed
              + " or more");
    }
  }

  private static FdtException unwritable(long at, String what, String name, Node node) {
    return new FdtException(
        Fault.UNWRITABLE_NAME,
        at,
        what + " '" + name + "' at " + node.path() + " holds NUL or a character above U+00FF");
  }

  /** Adds up what {@link Structure} would write. */
  private static final class Measure implements NodeVisitor {
    private final StringsBlock strings;
    private long at;

    Measure(long at, StringsBlock strings) {
      this.at = at;
      this.strings = strings;
    }

    @Override
    public void enter(Node node) {
      if (!StringsBlock.isWritable(node.name())) {
        throw unwritable(at, "Node name", node.name(), node);
      }
      at += 4 + Token.align(node.name().length() + 1L);
      List<Property> properties = node.properties();
      for (int i = 0; i < properties.size(); i++) {
        Property property = properties.get(i);
        if (strings.offsetOf(property.name()) < 0) {
          throw unwritable(at, "Property name", property.name(), node);
        }
        at += 12 + Token.align(property.length());
      }
    }

    @Override
    public void leave(Node node) {
      at += 4;
    }
  }

  private static final class Structure implements NodeVisitor {
    private final MemorySegment target;
    private final StringsBlock strings;
    private long at;

    Structure(MemorySegment target, long at, StringsBlock strings) {
      this.target = target;
      this.at = at;
      this.strings = strings;
    }

    void word(int value) {
      checkSpace(target, at + 4);
      target.set(FdtHeader.BE32, at, value);
      at += 4;
    }

    @Override
    public void enter(Node node) {
      String name = node.name();
      long padded = Token.align(name.length() + 1L);
      checkSpace(target, at + 4 + padded);
      if (!StringsBlock.isWritable(name)) {
        throw unwritable(at, "Node name", name, node);
      }
      target.set(FdtHeader.BE32, at, Token.BEGIN_NODE);
      at += 4;
      // The last word first: it holds the NUL and the padding.
      target.set(FdtHeader.BE32, at + padded - 4, 0);
      for (int i = 0; i < name.length(); i++) {
        target.set(ValueLayout.JAVA_BYTE, at + i, (byte) name.charAt(i));
      }
      at += padded;
      List<Property> properties = node.properties();
      for (int i = 0; i < properties.size(); i++) {
        property(node, properties.get(i));
      }
    }

    @Override
    public void leave(Node node) {
      word(Token.END_NODE);
    }

    private void property(Node node, Property property) {
      int length = property.length();
      long padded = Token.align(length);
      checkSpace(target, at + 12 + padded);
      int nameOffset = strings.offsetOf(property.name());
      if (nameOffset < 0) {
        throw unwritable(at, "Property name", property.name(), node);
      }
      target.set(FdtHeader.BE32, at, Token.PROP);
      target.set(FdtHeader.BE32, at + 4, length);
      target.set(FdtHeader.BE32, at + 8, nameOffset);
      at += 12;
      if (length > 0) {
        target.set(FdtHeader.BE32, at + padded - 4, 0);
        property.copyTo(target, at);
        at += padded;
      }
    }
  }
}
