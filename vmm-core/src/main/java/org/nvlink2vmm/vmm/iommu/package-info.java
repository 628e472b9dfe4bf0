/**
 * What a device sees of the guest's memory: windows of I/O virtual addresses and TCE tables.
 *
 * <p>Devices supply addresses and lengths, guests supply entries; both are checked against the
 * windows, and what an entry names is checked by the address space. The memory that entries take is
 * bounded by the size of the windows, which whoever makes them for a guest has to bound.
 */
package org.nvlink2vmm.vmm.iommu;
