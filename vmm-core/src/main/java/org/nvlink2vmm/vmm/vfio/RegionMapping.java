package org.nvlink2vmm.vmm.vfio;

/**
 * Part of a region, mapped: what mmap with MAP_SHARED on a device's file gives. A load or store
 * through a mapping reaches the device without the read and write calls of {@link VfioDevice}.
 */
public interface RegionMapping extends AutoCloseable {
  /** {@code vm_fault_t}: the page is there (VM_FAULT_NOPAGE, include/linux/mm_types.h). */
  int FAULT_NOPAGE = 0x100;

  /** {@code vm_fault_t}: no memory for page tables (VM_FAULT_OOM). */
  int FAULT_OOM = 1;

  /** {@code vm_fault_t}: the access is refused with SIGBUS (VM_FAULT_SIGBUS). */
  int FAULT_SIGBUS = 2;

  /** The address at which the process sees the mapping, bytes. */
  long hva();

  /** Bytes, a multiple of the page size. */
  long length();

  /**
   * What loads and stores reach, from the start of the mapping: the device's own memory for {@link
   * RegionBacking.Direct}, registers for {@link RegionBacking.Trapped}.
   *
   * @throws VfioException EBADF after {@link #close()}, or after the device was closed
   */
  RegionBacking backing();

  /**
   * Touches a page as the first load through the mapping does. Backends that populate page by page
   * insert it; for others it is there already.
   *
   * @param offset from the start of the mapping, bytes
   * @return the {@code vm_fault_t} of the fault: {@link #FAULT_NOPAGE} when the page is there
   */
  int touch(long offset);

  /** munmap. Idempotent. */
  @Override
  void close();
}
