package org.nvlink2vmm.dt.fdt;

import java.nio.charset.StandardCharsets;
import org.nvlink2vmm.dt.fdt.FdtException.Fault;

/** The strings block as a reader sees it; a name is made once for each offset that is used. */
final class BlobNames {
  private final byte[] bytes;
  private final int start;
  private final int end;

  /** Open addressing: offset + 1, 0 where free. */
  private int[] offsets = new int[128];

  private String[] names = new String[128];
  private int count;
  private long kept;

  BlobNames(byte[] bytes, int start, int end) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Bytes of all names made so far. */
  long kept() {
    return kept;
  }

  /** The name at {@code offset} of the block, as a property at {@code where} of the blob says. */
  String at(int offset, int where) {
    if (Integer.compareUnsigned(offset, end - start) >= 0) {
      throw new FdtException(
          Fault.BAD_NAME_OFFSET,
          where,
          String.format(
              "The name of a property is at 0x%x of the strings block, which has 0x%x" + " bytes",
              offset, end - start));
    }
    int slot = slotOf(offset);
    while (offsets[slot] != 0) {
      if (offsets[slot] == offset + 1) {
        return names[slot];
      }
      slot = (slot + 1) & (offsets.length - 1);
    }
    String name = make(offset, where);
    offsets[slot] = offset + 1;
    names[slot] = name;
    count++;
    if (count > offsets.length / 2) {
      grow();
    }
    return name;
  }

  private String make(int offset, int where) {
    int from = start + offset;
    int to = from;
    while (to < end && bytes[to] != 0) {
      to++;
    }
    if (to == end) {
      throw new FdtException(
          Fault.UNTERMINATED_PROPERTY_NAME,
          where,
          String.format(
              "The name of a property, at 0x%x of the strings block, does not end inside"
                  + " the block",
              offset));
    }
    kept += to - from;
    return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
  }

  private void grow() {
    int[] oldOffsets = offsets;
    String[] oldNames = names;
    offsets = new int[2 * oldOffsets.length];
    names = new String[2 * oldOffsets.length];
    for (int i = 0; i < oldOffsets.length; i++) {
      if (oldOffsets[i] != 0) {
        int slot = slotOf(oldOffsets[i] - 1);
        while (offsets[slot] != 0) {
          slot = (slot + 1) & (offsets.length - 1);
        }
        offsets[slot] = oldOffsets[i];
        names[slot] = oldNames[i];
      }
    }
  }

  private int slotOf(int offset) {
    return ((offset * 0x9e3779b1) >>> 7) & (offsets.length - 1);
  }
}
