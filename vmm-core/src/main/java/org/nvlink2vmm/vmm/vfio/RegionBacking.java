package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * What is behind a region: bytes that may be touched directly, or registers that must be called.
 * The in-process road that spares packing numbers into bytes; it leads to the same bytes and
 * registers as {@link VfioDevice#read} and {@link VfioDevice#write}.
 */
public sealed interface RegionBacking {
  /** Nothing: the region has size 0. */
  record None() implements RegionBacking {}

  /**
   * Bytes: the whole region, or what of it is mapped when a sparse capability says so.
   *
   * @param file the same bytes as part of a file, when another process can map them
   */
  record Direct(MemorySegment segment, Optional<SharedFile> file) implements RegionBacking {
    /** Bytes that only this process can reach. */
    public Direct(MemorySegment segment) {
      this(segment, Optional.empty());
    }
  }

  /**
   * Where another process finds the bytes of a {@link Direct} backing.
   *
   * @param fd the device's, who keeps it open until it is closed itself
   * @param offset in the file, bytes, a multiple of the page size
   */
  record SharedFile(OwnedFd fd, long offset) {}

  /** Registers. */
  record Trapped(AccessRules rules, MmioHandler handler) implements RegionBacking {}
}
