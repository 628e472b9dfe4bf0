package org.nvlink2vmm.vmm.device;

import java.lang.foreign.MemorySegment;
import org.nvlink2vmm.vmm.vfio.RegionBacking;

/** Host-physical memory or registers mapped into the kernel, until it is closed. */
public interface KernelMapping extends AutoCloseable {
  /** What is there right now, for consumers in this process. */
  RegionBacking backing();

  /** Copies out of the mapping; what is not there reads all ones. */
  void read(long offset, MemorySegment target);

  /** Copies into the mapping; what is not there loses it. */
  void write(long offset, MemorySegment source);

  /** memunmap. Idempotent. */
  @Override
  void close();
}
