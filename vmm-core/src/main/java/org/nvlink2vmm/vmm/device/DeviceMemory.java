package org.nvlink2vmm.vmm.device;

/** A registration of device memory for DMA (struct mm_iommu_table_group_mem_t). */
public interface DeviceMemory {
  /**
   * Drops one use (mm_iommu_put).
   *
   * @return 0; the negative of ENOENT without a use; of EBUSY while translations still use it, the
   *     use is then kept
   */
  int put();
}
