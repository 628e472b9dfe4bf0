package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * struct vfio_irq_info: argsz u32 @0, flags u32 @4, index u32 @8, count u32 @12, all little-endian
 * here.
 */
public final class IrqInfoCodec {
  /** Bytes of the structure. */
  public static final int SIZE = 16;

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private IrqInfoCodec() {}

  /**
   * Answers VFIO_DEVICE_GET_IRQ_INFO in the caller's structure, whose argsz and index are read
   * first and kept.
   *
   * @return 0, or the negative of an errno: EFAULT for a structure shorter than {@link #SIZE},
   *     EINVAL for an argsz below it or an index that does not exist
   */
  public static int answer(VfioDevice device, MemorySegment structure) {
    if (structure.byteSize() < SIZE) {
      return -Errno.EFAULT.number();
    }
    if (Integer.compareUnsigned(structure.get(U32, 0), SIZE) < 0) {
      return -Errno.EINVAL.number();
    }
    IrqInfo info;
    try {
      info = device.irqInfo(structure.get(U32, 8));
    } catch (VfioException e) {
      return -e.errno().number();
    }
    structure.set(U32, 4, info.flags());
    structure.set(U32, 12, info.count());
    return 0;
  }

  /**
   * Reads an answer.
   *
   * @throws VfioException EPROTO when it is shorter than {@link #SIZE} or the count is negative
   */
  public static IrqInfo decode(MemorySegment answer) {
    if (answer.byteSize() < SIZE) {
      throw new VfioException(
          Errno.EPROTO, "Interrupt info has " + answer.byteSize() + " bytes, expected " + SIZE);
    }
    IrqInfo info = new IrqInfo(answer.get(U32, 8), answer.get(U32, 4), answer.get(U32, 12));
    if (info.count() < 0) {
      throw new VfioException(
          Errno.EPROTO,
          "Interrupt index %d counts 0x%x vectors".formatted(info.index(), info.count()));
    }
    return info;
  }
}
