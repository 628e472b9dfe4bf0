package org.nvlink2vmm.dt.fdt;

/**
 * What a blob may ask of its reader. A blob that needs more is refused with {@link
 * FdtException.Fault#OVER_LIMIT}, before the memory is allocated.
 *
 * @param blobSize largest {@code totalsize} in bytes
 * @param depth nodes above one another, the root counted
 * @param nodes nodes in all
 * @param properties properties in all
 * @param reservations entries of the memory reservation block
 * @param bytes bytes of names and values kept; a property name that is used often counts once, but
 *     names that share their ends in the strings block count each
 */
public record FdtLimits(
    int blobSize, int depth, int nodes, int properties, int reservations, long bytes) {
  /** Ten times what any machine needs, and under 200 MB of heap at the worst. */
  public static final FdtLimits DEFAULT =
      new FdtLimits(16 << 20, 64, 1 << 17, 1 << 19, 1 << 12, 16 << 20);

  public FdtLimits {
    if (blobSize < 0 || depth < 1 || nodes < 1 || properties < 0 || reservations < 0 || bytes < 0) {
      throw new IllegalArgumentException(
          "A limit is negative, or allows not even a root: "
              + blobSize
              + ", "
              + depth
              + ", "
              + nodes
              + ", "
              + properties
              + ", "
              + reservations
              + ", "
              + bytes);
    }
  }

  /** These limits with another depth. */
  public FdtLimits withDepth(int newDepth) {
    return new FdtLimits(blobSize, newDepth, nodes, properties, reservations, bytes);
  }
}
