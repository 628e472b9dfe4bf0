package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * What is behind a region: bytes that may be touched directly, or registers that must be called.
 * The in-process road that spares packing numbers into bytes; it leads to the same bytes and
 * registers as {@link VfioDevice#read} and {@link VfioDevice#write}.
 */
public sealed interface RegionBacking {
  /** Nothing: the region has size 0. */
  record None() implements RegionBacking {}

  /** Bytes: the whole region, or what of it is mapped when a sparse capability says so. */
  record Direct(MemorySegment segment) implements RegionBacking {}

  /** Registers. */
  record Trapped(AccessRules rules, MmioHandler handler) implements RegionBacking {}
}
