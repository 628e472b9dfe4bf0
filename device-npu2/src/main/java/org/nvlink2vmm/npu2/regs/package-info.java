/** The registers of an NPU and of a link's BARs. Big-endian. */
package org.nvlink2vmm.npu2.regs;
