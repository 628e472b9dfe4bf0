package org.nvlink2vmm.vmm.device;

import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * What a subdriver's init hook can reach: the function, the host's tree, the kernel's services. The
 * services stay usable for the regions that it registers, until they are released.
 */
public interface SubdriverOpening {
  HostFunction function();

  PowernvTree tree();

  HostAbi abi();

  /** Host page size in bytes: 65536 on the machines meant. */
  int pageSize();

  VfioPciTrace trace();

  /**
   * Takes memory for a driver's state (kzalloc).
   *
   * @throws VfioException ENOMEM
   */
  void allocate(String what);

  /**
   * Maps host-physical memory or registers into the kernel (memremap), until it is closed.
   *
   * @throws VfioException ENOMEM, also when nothing is at the address
   */
  KernelMapping remap(long hpa, long size);

  /** What is at host-physical addresses, for consumers in this process. */
  RegionBacking physical(long hpa, long size);

  /**
   * Reads host-physical memory through a mapping that lasts for the access. Does not allocate.
   *
   * @return bytes read, or the negative of EFAULT
   */
  long readPhysical(long hpa, MemorySegment target);

  /** Writes host-physical memory; otherwise as {@link #readPhysical}. */
  long writePhysical(long hpa, MemorySegment source);

  /**
   * The LPID of the KVM guest that is attached to the function's group right now: what a group
   * notifier for VFIO_GROUP_NOTIFY_SET_KVM replays when it is registered. Empty for none.
   *
   * @throws VfioException what vfio_register_notifier answers: EINVAL, ENODEV
   */
  OptionalInt attachedLpid();

  /**
   * Gives the GPU to a partition (pnv_npu2_map_lpar_dev).
   *
   * @param msr MSR bits of the context
   * @return 0; the negative of ENODEV for a GPU without bridge; else an OPAL code
   */
  long mapLpar(int lpid, long msr);

  /** Takes the GPU back (pnv_npu2_unmap_lpar_dev); answers as {@link #mapLpar}. */
  long unmapLpar();

  /**
   * Registers a process's mapping of device memory for DMA (mm_iommu_newdev).
   *
   * @param hva where the process sees it
   * @param length bytes, whole pages
   * @param hpa host-physical address of the memory
   * @throws VfioException ENOMEM; EINVAL when the addresses overlap a registration
   */
  DeviceMemory registerDeviceMemory(long hva, long length, long hpa);

  /** Whether a page could be put into a process's page table (vmf_insert_pfn). */
  boolean insertPage();

  /**
   * An address for a mapping of registers in the process: the kernel chooses one where nothing is.
   * Memory has its own.
   */
  long userAddress(long length);

  /**
   * Registers a region (vfio_pci_register_dev_region): it gets the next index from 9 on.
   *
   * @throws VfioException ENOMEM
   */
  void register(SubdriverRegion region);

  /** A line of the kernel's log, about this function. */
  void log(String line);
}
