package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * A region as registers, whatever is behind it, little-endian: its own handler, or reads and writes
 * of the device's file. A refused read gives all ones, a refused write is lost.
 */
final class RegionHandler extends MmioHandler {
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** A number on its way; one a thread, so that an access allocates nothing. */
  private static final ThreadLocal<MemorySegment> SCRATCH =
      ThreadLocal.withInitial(() -> MemorySegment.ofArray(new byte[Long.BYTES]));

  private final VfioDevice device;
  private final int index;

  private RegionHandler(VfioDevice device, int index) {
    this.device = device;
    this.index = index;
  }

  /** The handler of a region of little-endian registers when it has one, else one that calls. */
  static MmioHandler of(VfioDevice device, int index) {
    return device.backing(index) instanceof RegionBacking.Trapped trapped
            && trapped.rules().order() == ByteOrder.LITTLE_ENDIAN
            && trapped.rules().maxHandled() >= 4
        ? trapped.handler()
        : new RegionHandler(device, index);
  }

  /** One that always calls the device. */
  static MmioHandler calling(VfioDevice device, int index) {
    return new RegionHandler(device, index);
  }

  @Override
  public long read(long offset, int size) {
    MemorySegment number = SCRATCH.get();
    number.set(U64, 0, -1);
    long count = device.read(index, offset, number.asSlice(0, size));
    return (count == size ? number.get(U64, 0) : -1) & -1L >>> (64 - 8 * size);
  }

  @Override
  public void write(long offset, int size, long value) {
    MemorySegment number = SCRATCH.get();
    number.set(U64, 0, value);
    device.write(index, offset, number.asSlice(0, size));
  }
}
