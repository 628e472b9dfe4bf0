package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * Reads and writes of a region as bytes. Registers get the widest accesses that are aligned and
 * fit, lowest address first; a width that they do not take reads all ones and loses writes, as on a
 * bus.
 *
 * <p>No call allocates, locks or throws; any thread may call.
 */
public final class RegionAccess {
  /** Widths with which vfio-pci drives a BAR (vfio_pci_rdwr.c, do_io_rw). */
  public static final int BAR_WIDTH = 4;

  /** Widths with which a CPU's copy loop drives remapped registers. */
  public static final int COPY_WIDTH = 8;

  private RegionAccess() {}

  /**
   * Reads {@code target.byteSize()} bytes, fewer at the end of the region.
   *
   * @param size bytes of the region, unsigned
   * @param width the widest access that registers get, 1, 2, 4 or 8 bytes
   * @return bytes read, or the negative of EINVAL for an offset at or past the end
   */
  public static long read(
      RegionBacking backing, long size, int width, long offset, MemorySegment target) {
    long count = clip(size, offset, target.byteSize());
    if (count <= 0) {
      return count;
    }
    switch (backing) {
      case RegionBacking.Direct direct -> {
        if (count > direct.segment().byteSize() - offset) {
          return -Errno.EFAULT.number();
        }
        MemorySegment.copy(direct.segment(), offset, target, 0, count);
      }
      case RegionBacking.Trapped trapped -> load(trapped, width, offset, target, count);
      case RegionBacking.None _ -> target.asSlice(0, count).fill((byte) 0xff);
    }
    return count;
  }

  /** Writes {@code source.byteSize()} bytes; otherwise as {@link #read}. */
  public static long write(
      RegionBacking backing, long size, int width, long offset, MemorySegment source) {
    long count = clip(size, offset, source.byteSize());
    if (count <= 0) {
      return count;
    }
    switch (backing) {
      case RegionBacking.Direct direct -> {
        if (count > direct.segment().byteSize() - offset) {
          return -Errno.EFAULT.number();
        }
        MemorySegment.copy(source, 0, direct.segment(), offset, count);
      }
      case RegionBacking.Trapped trapped -> store(trapped, width, offset, source, count);
      case RegionBacking.None _ -> {}
    }
    return count;
  }

  /**
   * The range rule of every VFIO region: nothing at or past the end, less across it. An access of
   * no bytes is 0 wherever it is: the kernel's file layer answers it before the region is asked.
   *
   * @return bytes to move, or the negative of EINVAL
   */
  public static long clip(long size, long offset, long count) {
    if (count == 0) {
      return 0;
    }
    if (offset < 0 || Long.compareUnsigned(offset, size) >= 0) {
      return -Errno.EINVAL.number();
    }
    long left = size - offset;
    return left < 0 ? count : Math.min(left, count);
  }

  private static void load(
      RegionBacking.Trapped trapped, int width, long offset, MemorySegment target, long count) {
    AccessRules rules = trapped.rules();
    MmioHandler handler = trapped.handler();
    boolean big = rules.order() == ByteOrder.BIG_ENDIAN;
    long done = 0;
    while (done < count) {
      int piece = piece(offset + done, count - done, Math.min(width, rules.maxHandled()));
      long value = -1;
      if (rules.allow(offset + done, piece)) {
        value = handler.read(offset + done, piece);
      }
      for (int i = 0; i < piece; i++) {
        int shift = 8 * (big ? piece - 1 - i : i);
        target.set(ValueLayout.JAVA_BYTE, done + i, (byte) (value >>> shift));
      }
      done += piece;
    }
  }

  private static void store(
      RegionBacking.Trapped trapped, int width, long offset, MemorySegment source, long count) {
    AccessRules rules = trapped.rules();
    MmioHandler handler = trapped.handler();
    boolean big = rules.order() == ByteOrder.BIG_ENDIAN;
    long done = 0;
    while (done < count) {
      int piece = piece(offset + done, count - done, Math.min(width, rules.maxHandled()));
      long value = 0;
      for (int i = 0; i < piece; i++) {
        int shift = 8 * (big ? piece - 1 - i : i);
        value |= Byte.toUnsignedLong(source.get(ValueLayout.JAVA_BYTE, done + i)) << shift;
      }
      if (rules.allow(offset + done, piece)) {
        handler.write(offset + done, piece, value);
      }
      done += piece;
    }
  }

  /** The widest access that is aligned, fits what is left, and is not wider than {@code width}. */
  public static int piece(long offset, long left, int width) {
    int piece = width;
    while (piece > 1 && (piece > left || (offset & (piece - 1)) != 0)) {
      piece >>= 1;
    }
    return piece;
  }
}
