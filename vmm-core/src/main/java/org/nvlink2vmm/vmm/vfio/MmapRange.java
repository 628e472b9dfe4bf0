package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * The range of an mmap call, in whole pages.
 *
 * @param offset from the start of the region, bytes
 * @param length bytes
 * @param pageSize bytes, a power of two
 */
public record MmapRange(long offset, long length, int pageSize) {
  /**
   * What the system call itself asks for: an offset of whole pages, a length that is not 0; the
   * length is rounded up.
   *
   * @throws VfioException EINVAL
   */
  public static MmapRange of(String device, long offset, long length, int pageSize) {
    if (length <= 0 || length > Long.MAX_VALUE - pageSize) {
      throw new VfioException(Errno.EINVAL, "%s: mmap of 0x%x bytes".formatted(device, length));
    }
    if (offset < 0 || (offset & (pageSize - 1)) != 0) {
      throw new VfioException(
          Errno.EINVAL,
          "%s: mmap at offset 0x%x, expected whole pages of 0x%x bytes"
              .formatted(device, offset, pageSize));
    }
    return new MmapRange(offset, pageAlign(length, pageSize), pageSize);
  }

  /** {@code PAGE_ALIGN}. */
  static long pageAlign(long length, int pageSize) {
    return (length + pageSize - 1) & -pageSize;
  }

  /**
   * The rules of a BAR: the region has MMAP, and the range ends within its page-aligned size. The
   * ROM, the configuration space and VGA never have MMAP.
   *
   * @throws VfioException EINVAL
   */
  public void requireMappable(String device, RegionInfo info) {
    if (!info.has(RegionInfo.MMAP)) {
      throw new VfioException(
          Errno.EINVAL, "%s: region %d cannot be mapped".formatted(device, info.index()));
    }
    requireWithin(device, info.index(), info.size());
  }

  /**
   * The range ends within {@code size} bytes, unsigned, rounded up to a page.
   *
   * @throws VfioException EINVAL
   */
  public void requireWithin(String device, int index, long size) {
    long pages = size < 0 ? Long.MAX_VALUE : pageAlign(size, pageSize);
    if (size == 0 || length > pages || offset > pages - length) {
      throw new VfioException(
          Errno.EINVAL,
          "%s: mmap of 0x%x bytes at 0x%x of region %d, which has 0x%x bytes"
              .formatted(device, length, offset, index, size));
    }
  }

  /** The part of a backing that the range covers. */
  public RegionBacking part(RegionBacking whole) {
    return switch (whole) {
      case RegionBacking.Direct direct -> part(direct);
      case RegionBacking.Trapped trapped when offset == 0 -> trapped;
      case RegionBacking.Trapped trapped ->
          new RegionBacking.Trapped(trapped.rules(), new Shifted(trapped.handler(), offset));
      case RegionBacking.None none -> none;
    };
  }

  private RegionBacking.Direct part(RegionBacking.Direct whole) {
    MemorySegment segment = whole.segment();
    return new RegionBacking.Direct(
        segment.asSlice(offset, Math.min(length, segment.byteSize() - offset)),
        whole.file().map(file -> new RegionBacking.SharedFile(file.fd(), file.offset() + offset)));
  }

  /** Registers that lie {@code base} bytes further on than they are asked for. */
  private static final class Shifted extends MmioHandler {
    private final MmioHandler handler;
    private final long base;

    Shifted(MmioHandler handler, long base) {
      this.handler = handler;
      this.base = base;
    }

    @Override
    public long read(long offset, int size) {
      return handler.read(base + offset, size);
    }

    @Override
    public void write(long offset, int size, long value) {
      handler.write(base + offset, size, value);
    }
  }
}
