package org.nvlink2vmm.dt.fdt;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.nvlink2vmm.dt.fdt.FdtException.Fault;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

/** One reading of one blob: checks the blocks, then walks the tokens. All numbers big-endian. */
final class BlobParser {
  private static final VarHandle BE32 =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle BE64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final int RESERVATION_SIZE = 16;

  /** The blob, from its first byte to {@code totalsize}. */
  private final byte[] bytes;

  private final FdtHeader header;
  private final FdtLimits limits;
  private final DeviceTree tree = new DeviceTree();
  private final BlobNames names;

  private final int structOffset;
  private final int structEnd;

  private int at;
  private int nodes;
  private int properties;
  private long kept;

  BlobParser(byte[] bytes, FdtHeader header, FdtLimits limits) {
    this.bytes = bytes;
    this.header = header;
    this.limits = limits;
    Block strings = block("Strings block", header.stringsOffset(), header.stringsSize(), 12);
    Block structure =
        header.structSize() < 0 && header.version() == 16
            ? openBlock("Structure block", header.structOffset(), 8)
            : block("Structure block", header.structOffset(), header.structSize(), 8);
    aligned("Structure block", header.structOffset(), 4, 8);
    aligned("Memory reservations", header.reservationsOffset(), 8, 16);
    Block reservations = reservations();
    checkOverlap(reservations, structure);
    checkOverlap(reservations, strings);
    checkOverlap(structure, strings);
    this.names = new BlobNames(bytes, strings.offset, strings.end);
    this.structOffset = structure.offset;
    this.structEnd = structure.end;
  }

  DeviceTree parse() {
    tree.setBootCpu(header.bootCpu());
    at = structOffset;
    beginRoot();
    Node open = tree.root();
    int depth = 1;
    while (open != null) {
      int tokenAt = at;
      switch (token()) {
        case Token.BEGIN_NODE -> {
          depth++;
          if (depth > limits.depth()) {
            throw overLimit(tokenAt, "depth", limits.depth());
          }
          open = open.addChild(nodeName());
        }
        case Token.END_NODE -> {
          depth--;
          open = open.parent().orElse(null);
        }
        case Token.PROP -> property(open, tokenAt);
        case Token.NOP -> {}
        case Token.END ->
            throw new FdtException(
                Fault.UNCLOSED_NODE, tokenAt, "The tree ends inside " + shortPath(open));
        default -> throw badToken(tokenAt);
      }
    }
    end();
    return tree;
  }

  private void beginRoot() {
    while (true) {
      int tokenAt = at;
      switch (token()) {
        case Token.BEGIN_NODE -> {
          String name = nodeName();
          if (!name.isEmpty()) {
            throw new FdtException(
                Fault.NAMED_ROOT,
                tokenAt + 4L,
                "The root is named '" + shorten(name) + "', expected no name");
          }
          return;
        }
        case Token.NOP -> {}
        case Token.END_NODE ->
            throw new FdtException(
                Fault.STRAY_END_NODE, tokenAt, "A node ends before any has begun");
        case Token.PROP ->
            throw new FdtException(
                Fault.PROPERTY_OUTSIDE_NODE, tokenAt, "A property stands before the root");
        case Token.END ->
            throw new FdtException(Fault.NO_ROOT, tokenAt, "The tree ends before its root");
        default -> throw badToken(tokenAt);
      }
    }
  }

  private void end() {
    while (true) {
      int tokenAt = at;
      switch (token()) {
        case Token.END -> {
          return;
        }
        case Token.NOP -> {}
        case Token.BEGIN_NODE ->
            throw new FdtException(
                Fault.SECOND_ROOT, tokenAt, "A second node stands beside the root");
        case Token.END_NODE ->
            throw new FdtException(
                Fault.STRAY_END_NODE, tokenAt, "A node ends after the root has ended");
        case Token.PROP ->
            throw new FdtException(
                Fault.PROPERTY_OUTSIDE_NODE, tokenAt, "A property stands after the root");
        default -> throw badToken(tokenAt);
      }
    }
  }

  private int token() {
    if (structEnd - at < 4) {
      throw new FdtException(
          Fault.TRUNCATED_STRUCTURE, at, "The structure block ends where a token was expected");
    }
    int token = (int) BE32.get(bytes, at);
    at += 4;
    return token;
  }

  private String nodeName() {
    int start = at;
    int end = start;
    while (end < structEnd && bytes[end] != 0) {
      end++;
    }
    // The padding belongs to the name; where it is cut off, so is the name.
    long next = structOffset + Token.align(end + 1L - structOffset);
    if (next > structEnd) {
      throw new FdtException(
          Fault.UNTERMINATED_NODE_NAME,
          start,
          "The name of a node does not end inside the structure block");
    }
    nodes++;
    if (nodes > limits.nodes()) {
      throw overLimit(start, "number of nodes", limits.nodes());
    }
    keep(start, end - start);
    at = (int) next;
    return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
  }

  private void property(Node node, int tokenAt) {
    if (!node.children().isEmpty()) {
      throw new FdtException(
          Fault.PROPERTY_AFTER_SUBNODE,
          tokenAt,
          "A property of " + shortPath(node) + " stands after a subnode");
    }
    if (structEnd - at < 8) {
      throw new FdtException(
          Fault.TRUNCATED_PROPERTY,
          at,
          "The structure block ends inside the head of a property of " + shortPath(node));
    }
    int length = (int) BE32.get(bytes, at);
    int nameOffset = (int) BE32.get(bytes, at + 4);
    int start = at + 8;
    long next = start + Token.align(Integer.toUnsignedLong(length));
    if (next > structEnd) {
      throw new FdtException(
          Fault.TRUNCATED_PROPERTY,
          at,
          "A property of "
              + shortPath(node)
              + " has "
              + Integer.toUnsignedString(length)
              + " bytes, the structure block "
              + (structEnd - start)
              + " more");
    }
    properties++;
    if (properties > limits.properties()) {
      throw overLimit(tokenAt, "number of properties", limits.properties());
    }
    long namesKept = names.kept();
    String name = names.at(nameOffset, at + 4);
    keep(tokenAt, names.kept() - namesKept + length);
    node.append(Property.ofRange(name, bytes, start, length));
    at = (int) next;
  }

  private void keep(int where, long size) {
    kept += size;
    if (kept > limits.bytes()) {
      throw overLimit(where, "number of bytes of names and values", limits.bytes());
    }
  }

  private Block reservations() {
    int start = offsetInBlob("Memory reservations", header.reservationsOffset(), 16);
    int entry = start;
    while (true) {
      if (bytes.length - entry < RESERVATION_SIZE) {
        throw new FdtException(
            Fault.UNTERMINATED_RESERVATIONS,
            entry,
            "The blob ends before the memory reservations do (an entry of zeros)");
      }
      long address = (long) BE64.get(bytes, entry);
      long size = (long) BE64.get(bytes, entry + 8);
      entry += RESERVATION_SIZE;
      if (address == 0 && size == 0) {
        return new Block("Memory reservations", start, entry, 16);
      }
      if (tree.reservations().size() == limits.reservations()) {
        throw overLimit(entry - RESERVATION_SIZE, "number of reservations", limits.reservations());
      }
      tree.reservations().add(new Reservation(address, size));
    }
  }

  /** A part of the blob; {@code headerOffset} is where the header gives its place. */
  private record Block(String name, int offset, int end, int headerOffset) {}

  private Block block(String name, int offset, int size, int headerOffset) {
    int start = offsetInBlob(name, offset, headerOffset);
    if (Integer.compareUnsigned(size, bytes.length - start) > 0) {
      throw new FdtException(
          Fault.BLOCK_OUT_OF_BLOB,
          headerOffset,
          name
              + " ends outside of the blob: "
              + Integer.toUnsignedString(size)
              + " bytes from "
              + hex(start)
              + ", the blob has "
              + bytes.length);
    }
    return new Block(name, start, start + size, headerOffset);
  }

  /** A block of unknown size: up to the next one, or the end of the blob. */
  private Block openBlock(String name, int offset, int headerOffset) {
    int start = offsetInBlob(name, offset, headerOffset);
    int end = bytes.length;
    if (header.stringsOffset() > start) {
      end = Math.min(end, header.stringsOffset());
    }
    if (header.reservationsOffset() > start) {
      end = Math.min(end, header.reservationsOffset());
    }
    return new Block(name, start, end, headerOffset);
  }

  private int offsetInBlob(String name, int offset, int headerOffset) {
    if (offset < header.size() || offset > bytes.length) {
      throw new FdtException(
          Fault.BLOCK_OUT_OF_BLOB,
          headerOffset,
          name
              + " starts at "
              + hex(offset)
              + ", expected "
              + hex(header.size())
              + " to "
              + hex(bytes.length));
    }
    return offset;
  }

  private static void aligned(String name, int offset, int alignment, int headerOffset) {
    if (offset % alignment != 0) {
      throw new FdtException(
          Fault.MISALIGNED_BLOCK,
          headerOffset,
          name + " starts at " + hex(offset) + ", expected a multiple of " + alignment);
    }
  }

  private static void checkOverlap(Block a, Block b) {
    if (a.offset < b.end && b.offset < a.end) {
      throw new FdtException(
          Fault.OVERLAPPING_BLOCKS,
          b.headerOffset,
          b.name
              + " ("
              + hex(b.offset)
              + " to "
              + hex(b.end)
              + ") overlaps "
              + a.name.toLowerCase(Locale.ROOT)
              + " ("
              + hex(a.offset)
              + " to "
              + hex(a.end)
              + ")");
    }
  }

  private FdtException badToken(int tokenAt) {
    return new FdtException(
        Fault.BAD_TOKEN,
        tokenAt,
        String.format("Unknown token 0x%08x", (int) BE32.get(bytes, tokenAt)));
  }

  private static FdtException overLimit(int where, String what, long limit) {
    return new FdtException(
        Fault.OVER_LIMIT, where, "The " + what + " exceeds the limit of " + limit);
  }

  /** A node for an error line: hostile names may be as long as the blob. */
  private static String shortPath(Node node) {
    return shorten(node.path());
  }

  private static String shorten(String name) {
    return name.length() <= 120 ? name : name.substring(0, 117) + "...";
  }

  private static String hex(int number) {
    return "0x" + Integer.toHexString(number);
  }
}
