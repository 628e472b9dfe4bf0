package org.nvlink2vmm.vmm.pci;

import java.util.Objects;
import org.nvlink2vmm.vmm.memory.MemoryRegion;

/**
 * A base address register and what it decodes.
 *
 * @param index 0 to 5; a 64-bit one takes the next as well
 * @param prefetchable never for I/O
 * @param region what answers; its size is the BAR's, a power of two
 */
public record Bar(int index, Kind kind, boolean prefetchable, MemoryRegion region) {
  /** What space a BAR decodes and with how many address bits. */
  public enum Kind {
    IO,
    MEM32,
    MEM64
  }

  /** Smallest sizes that the low bits of the register leave room for. */
  private static final long MIN_IO = 4;

  private static final long MIN_MEMORY = 16;

  public Bar {
    Objects.requireNonNull(kind, "kind");
    long size = region.size();
    long max = kind == Kind.MEM64 ? 1L << 62 : 1L << 31;
    long min = kind == Kind.IO ? MIN_IO : MIN_MEMORY;
    if (Long.bitCount(size) != 1 || size < min || size > max) {
      throw new IllegalArgumentException(
          "BAR %d has 0x%x bytes, expected a power of two from 0x%x to 0x%x"
              .formatted(index, size, min, max));
    }
    if (index < 0 || index > (kind == Kind.MEM64 ? 4 : 5)) {
      throw new IllegalArgumentException("No " + kind + " BAR has index " + index);
    }
    if (kind == Kind.IO && prefetchable) {
      throw new IllegalArgumentException("BAR " + index + " is I/O and prefetchable");
    }
  }

  /** Bytes. */
  public long size() {
    return region.size();
  }

  /** Offset of its register in config space; of the lower half when it is 64-bit. */
  public int register() {
    return PciRegs.BASE_ADDRESS_0 + 4 * index;
  }

  /** The register's low bits, which cannot be written. */
  int flags() {
    return switch (kind) {
      case IO -> PciRegs.BASE_ADDRESS_SPACE_IO;
      case MEM32 -> prefetch();
      case MEM64 -> PciRegs.BASE_ADDRESS_MEM_TYPE_64 | prefetch();
    };
  }

  private int prefetch() {
    return prefetchable ? PciRegs.BASE_ADDRESS_MEM_PREFETCH : 0;
  }
}
