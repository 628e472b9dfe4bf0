package org.nvlink2vmm.dt.fdt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.nvlink2vmm.dt.fdt.FdtException.Fault;

/**
 * The header of a blob (Devicetree Specification v0.4, section 5.2): ten big-endian words, held as
 * they stand there; offsets in bytes from the start of the blob. Reading one checks magic, version
 * and that {@code totalSize} can hold the header; the blocks are {@link FdtReader}'s to check.
 *
 * @param totalSize bytes of the whole blob
 * @param structOffset {@code off_dt_struct}, of the structure block
 * @param stringsOffset {@code off_dt_strings}
 * @param reservationsOffset {@code off_mem_rsvmap}
 * @param version {@code version}
 * @param lastCompatibleVersion {@code last_comp_version}
 * @param bootCpu {@code boot_cpuid_phys}
 * @param stringsSize {@code size_dt_strings}
 * @param structSize {@code size_dt_struct}; -1 in version 16, which has no such word
 */
public record FdtHeader(
    int totalSize,
    int structOffset,
    int stringsOffset,
    int reservationsOffset,
    int version,
    int lastCompatibleVersion,
    int bootCpu,
    int stringsSize,
    int structSize) {
  /** The first word of every blob. */
  public static final int MAGIC = 0xd00dfeed;

  /** Bytes of a version 17 header. */
  public static final int SIZE = 40;

  /** Bytes of a version 16 header. */
  static final int SIZE_16 = 36;

  static final ValueLayout.OfInt BE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  static final ValueLayout.OfLong BE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /**
   * Reads the header at the start of {@code blob}. The rest of the blob need not be there.
   *
   * @throws FdtException when this is no header of a version 16 or 17 compatible blob
   */
  public static FdtHeader read(MemorySegment blob) {
    if (blob.byteSize() >= 4 && blob.get(BE32, 0) != MAGIC) {
      throw new FdtException(
          Fault.BAD_MAGIC,
          0,
          String.format(
              "Not a device tree blob: found 0x%08x, expected 0x%08x", blob.get(BE32, 0), MAGIC));
    }
    need(blob, SIZE_16);
    int version = blob.get(BE32, 20);
    int lastCompatible = blob.get(BE32, 24);
    if (Integer.compareUnsigned(version, 16) < 0) {
      throw badVersion(20, "Version", version, "16 or later");
    }
    if (Integer.compareUnsigned(lastCompatible, 17) > 0
        || Integer.compareUnsigned(lastCompatible, version) > 0) {
      throw badVersion(24, "Last compatible version", lastCompatible, "17 or earlier");
    }
    int size = version == 16 ? SIZE_16 : SIZE;
    need(blob, size);
    int totalSize = blob.get(BE32, 4);
    if (Integer.compareUnsigned(totalSize, size) < 0) {
      throw new FdtException(
          Fault.BAD_TOTAL_SIZE,
          4,
          "Total size is "
              + Integer.toUnsignedString(totalSize)
              + ", the header alone has "
              + size
              + " bytes");
    }
    return new FdtHeader(
        totalSize,
        blob.get(BE32, 8),
        blob.get(BE32, 12),
        blob.get(BE32, 16),
        version,
        lastCompatible,
        blob.get(BE32, 28),
        blob.get(BE32, 32),
        version == 16 ? -1 : blob.get(BE32, 36));
  }

  /** Bytes of this header in the blob. */
  int size() {
    return version == 16 ? SIZE_16 : SIZE;
  }

  /** Writes a version 17 header whatever {@link #version} says. */
  void write(MemorySegment target) {
    int[] words = {
      MAGIC,
      totalSize,
      structOffset,
      stringsOffset,
      reservationsOffset,
      version,
      lastCompatibleVersion,
      bootCpu,
      stringsSize,
      structSize
    };
    for (int i = 0; i < words.length; i++) {
      target.set(BE32, 4L * i, words[i]);
    }
  }

  private static void need(MemorySegment blob, int size) {
    if (blob.byteSize() < size) {
      throw new FdtException(
          Fault.TRUNCATED_HEADER,
          blob.byteSize(),
          "The header is cut off: " + blob.byteSize() + " bytes, expected " + size);
    }
  }

  private static FdtException badVersion(int offset, String what, int found, String expected) {
    return new FdtException(
        Fault.BAD_VERSION,
        offset,
        what + " is " + Integer.toUnsignedString(found) + ", expected " + expected);
  }
}
