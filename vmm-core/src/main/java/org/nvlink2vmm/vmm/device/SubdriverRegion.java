package org.nvlink2vmm.vmm.device;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.SharedArea;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * A device-specific region that a subdriver registers: the kernel's vfio_pci_regops. The index, the
 * MMAP flag, and whole pages are checked before these calls; the subdriver's own rules come in
 * them.
 */
public interface SubdriverRegion {
  RegionCapability.RegionType type();

  /** Bytes, unsigned; may be 0. */
  long size();

  /** READ, WRITE, MMAP of {@link org.nvlink2vmm.vmm.vfio.RegionInfo}. */
  int flags();

  /** What add_capability appends after the type capability. */
  List<RegionCapability> capabilities();

  /** What is behind the region for consumers in this process. */
  RegionBacking backing();

  /** Which parts another process could map, for servers. */
  default List<SharedArea> shareable() {
    return List.of();
  }

  /** rw with iswrite 0: bytes read, or a negative errno. */
  long read(long offset, MemorySegment target);

  /** rw with iswrite 1: bytes written, or a negative errno. */
  long write(long offset, MemorySegment source);

  /**
   * Maps a part.
   *
   * @throws VfioException as the driver's mmap answers
   */
  RegionMapping mmap(MmapRange range);

  /** The device is closed for the last time. Called once. */
  void release();
}
