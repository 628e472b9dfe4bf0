package org.nvlink2vmm.vmm.host;

/** What can fail in the emulated kernel without anyone's fault, for tests of the ways out. */
public enum KernelStep {
  /** kzalloc and friends: ENOMEM. */
  ALLOCATE,
  /** memremap: ENOMEM, at an access EFAULT. */
  REMAP,
  /** vfio_register_notifier: EINVAL. */
  NOTIFIER,
  /** vfio_pci_register_dev_region: ENOMEM. */
  REGISTER_REGION,
  /** mm_iommu_newdev: ENOMEM. */
  REGISTER_MEMORY,
  /** vmf_insert_pfn: VM_FAULT_OOM. */
  INSERT_PAGE
}
