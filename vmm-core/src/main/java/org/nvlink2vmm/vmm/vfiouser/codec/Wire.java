package org.nvlink2vmm.vmm.vfiouser.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Numbers on the wire. The protocol has no byte-order field and uses the sender's own order; both
 * ends are little-endian on every host that runs this program, so it is spelt out here once.
 */
public final class Wire {
  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Wire() {}

  public static int u8(MemorySegment bytes, long offset) {
    return bytes.get(ValueLayout.JAVA_BYTE, offset) & 0xff;
  }

  public static int u16(MemorySegment bytes, long offset) {
    return bytes.get(U16, offset) & 0xffff;
  }

  /** The 32 bits as they are: compare with the unsigned methods of {@link Integer}. */
  public static int u32(MemorySegment bytes, long offset) {
    return bytes.get(U32, offset);
  }

  /** The 64 bits as they are: compare with the unsigned methods of {@link Long}. */
  public static long u64(MemorySegment bytes, long offset) {
    return bytes.get(U64, offset);
  }

  public static void u16(MemorySegment bytes, long offset, int value) {
    bytes.set(U16, offset, (short) value);
  }

  public static void u32(MemorySegment bytes, long offset, int value) {
    bytes.set(U32, offset, value);
  }

  public static void u64(MemorySegment bytes, long offset, long value) {
    bytes.set(U64, offset, value);
  }
}
