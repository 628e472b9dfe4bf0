/**
 * PCI: config space with masks and traps, BARs, functions, buses, bridges. Config is little-endian.
 */
package org.nvlink2vmm.vmm.pci;
