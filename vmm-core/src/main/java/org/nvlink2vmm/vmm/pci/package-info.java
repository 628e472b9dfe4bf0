/**
 * PCI as a guest or a host kernel sees it: config space with masks and traps, BARs, functions,
 * buses, bridges. Numbers and names are those of Linux include/uapi/linux/pci_regs.h; config space
 * is little-endian; sizes and offsets are bytes.
 *
 * <p>{@link org.nvlink2vmm.vmm.pci.ConfigSpace} serves the hardware behind a host bridge and the
 * copy that a guest is shown alike. {@link org.nvlink2vmm.vmm.pci.PciRoot} carries a config access
 * to a function by bus number and devfn; {@link org.nvlink2vmm.vmm.pci.BarDecoder} turns writes to
 * BARs and Command into one change of the guest's memory map.
 *
 * <p>Guests supply bus numbers, offsets, sizes, values: all are checked here, whatever stands in
 * front. Refused reads give all ones, refused writes are lost, nothing throws.
 *
 * <p>Threads: reading config space takes no lock and allocates nothing; a write replaces words one
 * at a time by compare-and-set. BAR changes are made under the address space's lock. Functions are
 * added before guests run.
 */
package org.nvlink2vmm.vmm.pci;
