package org.nvlink2vmm.dt.fdt;

/** A blob cannot be read, or a tree cannot be written as one: what is wrong and where. */
public final class FdtException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kinds of fault, one for each rule of the format that a blob can break. */
  public enum Fault {
    /** Fewer bytes than a header has. */
    TRUNCATED_HEADER,
    /** The first word is not {@code 0xd00dfeed}. */
    BAD_MAGIC,
    /** A version this reader does not know, or one that forbids readers of version 17. */
    BAD_VERSION,
    /** {@code totalsize} leaves no room for the header. */
    BAD_TOTAL_SIZE,
    /** {@code totalsize} is larger than what was given. */
    TRUNCATED_BLOB,
    /** A block is not, or not wholly, between the header and {@code totalsize}. */
    BLOCK_OUT_OF_BLOB,
    /** The structure block is not aligned to 4 bytes or the reservations are not to 8. */
    MISALIGNED_BLOCK,
    /** Two blocks share bytes. */
    OVERLAPPING_BLOCKS,
    /** The reservations run out of the blob before their terminating zero entry. */
    UNTERMINATED_RESERVATIONS,
    /** The structure block ends where a token is needed. */
    TRUNCATED_STRUCTURE,
    /** A word that is no token. */
    BAD_TOKEN,
    /** {@code FDT_END} before any node. */
    NO_ROOT,
    /** A second node outside of all nodes. */
    SECOND_ROOT,
    /** The root has a name. */
    NAMED_ROOT,
    /** A node's name does not end inside the structure block. */
    UNTERMINATED_NODE_NAME,
    /** {@code FDT_END} while nodes are open. */
    UNCLOSED_NODE,
    /** {@code FDT_END_NODE} while no node is open. */
    STRAY_END_NODE,
    /** {@code FDT_PROP} while no node is open. */
    PROPERTY_OUTSIDE_NODE,
    /** {@code FDT_PROP} after a subnode of the same node. */
    PROPERTY_AFTER_SUBNODE,
    /** A property's head or value does not end inside the structure block. */
    TRUNCATED_PROPERTY,
    /** The offset of a property's name is outside the strings block. */
    BAD_NAME_OFFSET,
    /** A property's name does not end inside the strings block. */
    UNTERMINATED_PROPERTY_NAME,
    /** More than {@link FdtLimits} allows. */
    OVER_LIMIT,
    /** When writing: the target is too small. */
    NO_SPACE,
    /** When writing: a name holds NUL or a character above U+00FF. */
    UNWRITABLE_NAME,
    /** When writing: the blob would be larger than 2 GiB - 1. */
    TOO_LARGE
  }

  private final Fault fault;
  private final long offset;

  FdtException(Fault fault, long offset, String reason) {
    // Names in a blob may hold anything; the message stays one line.
    super(String.format("Byte 0x%x: %s", offset, reason.replaceAll("\\p{Cntrl}", "?")));
    this.fault = fault;
    this.offset = offset;
  }

  public Fault fault() {
    return fault;
  }

  /** Where in the blob, in bytes from its start. */
  public long offset() {
    return offset;
  }
}
