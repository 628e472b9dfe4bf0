package org.nvlink2vmm.vmm.device;

import org.nvlink2vmm.vmm.vfio.RegionBacking;

/** Host-physical memory or registers mapped into the kernel, until it is closed. */
public interface KernelMapping extends AutoCloseable {
  RegionBacking backing();

  /** memunmap. Idempotent. */
  @Override
  void close();
}
