/**
 * The host kernel's half for GPUs: what vfio_pci_nvdia_v100_nvlink2_init adds to a V100's VFIO
 * device (Linux drivers/vfio/pci/vfio_pci_nvlink2.c, and the v4 patch of November 2018).
 *
 * <p>The host's device tree may be anything: each property is looked at in the kernel's order and
 * answers the kernel's errno. Region calls come from any thread; mapping and closing from one at a
 * time.
 */
package org.nvlink2vmm.v100.host;
