/**
 * The host kernel's part, emulated: IOMMU groups, the vfio-pci driver's region table and
 * configuration virtualisation (Linux drivers/vfio/pci), the powernv helpers that give a GPU to a
 * partition (arch/powerpc/platforms/powernv/npu-dma.c) and the registration of device memory
 * (arch/powerpc/mm/book3s64/iommu_api.c). Vendor regions come from the subdrivers of device
 * plug-ins; hardware from the plug-ins' other half. Nothing here names a device.
 *
 * <p>Where the kernel has a hole the emulation refuses: a mapping that would run past its region, a
 * mapping of a region of size 0, a partition left on a GPU whose open failed.
 *
 * <p>Hostile input: host trees (through {@code PowernvTree}) and the calls of whoever uses an
 * opened device; offsets, lengths and indexes are checked before use, and a refusal is an errno.
 *
 * <p>Threads: opening, closing, mapping and resetting take the host's lock. Region reads and writes
 * take none, but for writes to configuration space, which take the function's.
 */
package org.nvlink2vmm.vmm.host;
