/**
 * The pseries machine: guest memory, virtual host bridges, run-time services, and the description
 * from which the guest's device tree is written.
 *
 * <p>A {@link org.nvlink2vmm.vmm.spapr.SpaprPhb} collects what its functions say of themselves into
 * descriptions; the device tree library lays NVLink out from them once per reset, and both the
 * mapping and the tree follow that one layout, so that they cannot disagree (QEMU
 * hw/ppc/spapr_pci_nvlink2.c computes it three times).
 *
 * <p>Building and resetting a machine is for one thread; afterwards any thread may access its
 * memory and make RTAS calls.
 */
package org.nvlink2vmm.vmm.spapr;
