/**
 * VFIO's user interface as types (Linux include/uapi/linux/vfio.h): devices, regions, capabilities,
 * interrupts, errors. Every device, from whatever source, is a {@link
 * org.nvlink2vmm.vmm.vfio.VfioDevice}; who consumes one cannot tell the sources apart.
 *
 * <p>Numbers in structures are in the byte order of the host, which here is little-endian.
 */
package org.nvlink2vmm.vmm.vfio;
