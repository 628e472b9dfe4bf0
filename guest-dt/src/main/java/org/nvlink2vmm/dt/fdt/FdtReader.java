package org.nvlink2vmm.dt.fdt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.nvlink2vmm.dt.fdt.FdtException.Fault;
import org.nvlink2vmm.dt.tree.DeviceTree;

/**
 * Reads blobs of version 17 and, since they differ in one word of the header only, 16; of a later
 * version too when it says that readers of version 17 may ({@code last_comp_version}).
 *
 * <p>Nothing that the blob says is believed before it is checked: see {@link FdtException.Fault}
 * for what is refused. Bytes behind {@code totalsize} and behind {@code FDT_END} are ignored,
 * {@code FDT_NOP} is skipped. Names are taken one character a byte. What a blob may cost is bounded
 * by {@link FdtLimits}. Whether the tree makes sense (names, duplicates, phandles) is not judged
 * here.
 *
 * <p>The blob is copied first, so a guest that changes its memory meanwhile confuses nobody.
 */
public final class FdtReader {
  private FdtReader() {}

  /** Reads a blob within {@link FdtLimits#DEFAULT}. See {@link #read(MemorySegment, FdtLimits)}. */
  public static DeviceTree read(byte[] blob) {
    return read(blob, FdtLimits.DEFAULT);
  }

  /** Reads a blob. See {@link #read(MemorySegment, FdtLimits)}. */
  public static DeviceTree read(byte[] blob, FdtLimits limits) {
    return read(MemorySegment.ofArray(blob), limits);
  }

  /** Reads a blob within {@link FdtLimits#DEFAULT}. See {@link #read(MemorySegment, FdtLimits)}. */
  public static DeviceTree read(MemorySegment blob) {
    return read(blob, FdtLimits.DEFAULT);
  }

  /**
   * Reads the blob at the start of {@code blob}.
   *
   * @throws FdtException when it is no sound blob or exceeds {@code limits}
   */
  public static DeviceTree read(MemorySegment blob, FdtLimits limits) {
    FdtHeader header = FdtHeader.read(blob);
    long totalSize = Integer.toUnsignedLong(header.totalSize());
    if (totalSize > blob.byteSize()) {
      throw new FdtException(
          Fault.TRUNCATED_BLOB,
          4,
          "Total size is " + totalSize + ", found " + blob.byteSize() + " bytes");
    }
    if (totalSize > limits.blobSize()) {
      throw new FdtException(
          Fault.OVER_LIMIT,
          4,
          "Total size is " + totalSize + ", the limit is " + limits.blobSize() + " bytes");
    }
    byte[] bytes = blob.asSlice(0, totalSize).toArray(ValueLayout.JAVA_BYTE);
    return new BlobParser(bytes, FdtHeader.read(MemorySegment.ofArray(bytes)), limits).parse();
  }
}
