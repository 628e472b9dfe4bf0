package org.nvlink2vmm.dt.dts;

/**
 * What a text may ask of its reader. A text that needs more is refused with a {@link DtsException}.
 *
 * @param textBytes bytes of the text with all its includes
 * @param depth nodes above one another, the root counted
 * @param nodes nodes written down, {@code /delete-node/} counted
 * @param properties properties written down, {@code /delete-property/} counted
 * @param valueBytes bytes of all values
 * @param expressionDepth parentheses, signs and {@code ?:} inside one another
 * @param includeDepth includes inside one another
 * @param includes files included in all
 */
public record DtsLimits(
    long textBytes,
    int depth,
    int nodes,
    int properties,
    long valueBytes,
    int expressionDepth,
    int includeDepth,
    int includes) {
  /** Room for any machine; what is read fits into {@code FdtLimits.DEFAULT}. */
  public static final DtsLimits DEFAULT =
      new DtsLimits(32 << 20, 64, 1 << 17, 1 << 19, 8 << 20, 64, 16, 256);

  /** Java calls a few methods a level, so more than this could exhaust a small stack. */
  private static final int DEEPEST_EXPRESSION = 256;

  public DtsLimits {
    if (textBytes < 0
        || depth < 1
        || nodes < 1
        || properties < 0
        || valueBytes < 0
        || expressionDepth < 0
        || expressionDepth > DEEPEST_EXPRESSION
        || includeDepth < 0
        || includes < 0) {
      throw new IllegalArgumentException(
          "A limit is negative, allows not even a root, or an expression deeper than "
              + DEEPEST_EXPRESSION);
    }
  }

  /** These limits with another depth of nodes. */
  public DtsLimits withDepth(int newDepth) {
    return new DtsLimits(
        textBytes,
        newDepth,
        nodes,
        properties,
        valueBytes,
        expressionDepth,
        includeDepth,
        includes);
  }
}
