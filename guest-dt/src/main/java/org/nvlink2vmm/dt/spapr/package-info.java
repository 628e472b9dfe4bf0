/**
 * What a pseries guest is told: the PAPR binding as QEMU writes it, with the NVLink2 nodes.
 *
 * <p>A machine is described by {@link org.nvlink2vmm.dt.spapr.MachineDescription}, a plain value
 * that holds the facts a tree needs and nothing of any device model. {@link
 * org.nvlink2vmm.dt.spapr.MachineLayout} decides everything that has to be decided once, addresses,
 * NUMA ids and phandles; the monitor maps guest memory from it and {@link
 * org.nvlink2vmm.dt.spapr.SpaprTree} writes the tree from it, so map and tree cannot disagree.
 *
 * <p>What differs between QEMU releases, and what {@link org.nvlink2vmm.dt.spapr.Compat#CORRECTED}
 * puts right, is listed at {@link org.nvlink2vmm.dt.spapr.Compat}. Sources: QEMU
 * hw/ppc/spapr_pci_nvlink2.c, spapr_pci.c, spapr_numa.c, spapr.c of the releases named there.
 *
 * <p>Descriptions come from configuration and from VFIO devices that may lie about their target
 * addresses and sizes: those numbers are range-checked by the records and by the layout, and what
 * cannot be laid out is a {@link org.nvlink2vmm.dt.spapr.Refusal} that names the devices. All types
 * are immutable; nothing here holds state between calls.
 */
package org.nvlink2vmm.dt.spapr;
