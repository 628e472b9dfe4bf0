package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * struct vfio_device_info: argsz u32 @0, flags u32 @4, num_regions u32 @8, num_irqs u32 @12, all
 * little-endian here. A later field, cap_offset @16, is never touched: a PCI device of this kind
 * has no capabilities.
 */
public final class DeviceInfoCodec {
  /** Bytes that every caller must supply. */
  public static final int SIZE = 16;

  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private DeviceInfoCodec() {}

  /**
   * Answers VFIO_DEVICE_GET_INFO in the caller's structure, whose argsz is read first and kept.
   *
   * @return 0, or the negative of an errno: EFAULT for a structure shorter than {@link #SIZE},
   *     EINVAL for an argsz below it
   */
  public static int answer(VfioDevice device, MemorySegment structure) {
    if (structure.byteSize() < SIZE) {
      return -Errno.EFAULT.number();
    }
    if (Integer.compareUnsigned(structure.get(U32, 0), SIZE) < 0) {
      return -Errno.EINVAL.number();
    }
    DeviceInfo info = device.info();
    structure.set(U32, 4, info.flags());
    structure.set(U32, 8, info.numRegions());
    structure.set(U32, 12, info.numIrqs());
    return 0;
  }

  /**
   * Reads an answer.
   *
   * @throws VfioException EPROTO when it is shorter than {@link #SIZE} or counts are negative
   */
  public static DeviceInfo decode(MemorySegment answer) {
    if (answer.byteSize() < SIZE) {
      throw new VfioException(
          Errno.EPROTO, "Device info has " + answer.byteSize() + " bytes, expected " + SIZE);
    }
    DeviceInfo info = new DeviceInfo(answer.get(U32, 4), answer.get(U32, 8), answer.get(U32, 12));
    if (info.numRegions() < 0 || info.numIrqs() < 0) {
      throw new VfioException(
          Errno.EPROTO,
          "Device info counts 0x%x regions and 0x%x interrupts"
              .formatted(info.numRegions(), info.numIrqs()));
    }
    return info;
  }
}
