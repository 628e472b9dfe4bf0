/**
 * The plug-in for IBM POWER9's NPU2: chips, their links as PCI functions, the description and the
 * consumer. Guests and drivers drive everything here through configuration space and registers, all
 * hostile: offsets and sizes are checked where they enter, tables have the hardware's fixed sizes.
 * Threads: any; see the classes.
 */
package org.nvlink2vmm.npu2;
