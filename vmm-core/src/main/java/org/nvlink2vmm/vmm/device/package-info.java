/**
 * The contract of a device plug-in. One service, {@link org.nvlink2vmm.vmm.device.DevicePlugin},
 * with three faces: the hardware as it sits in a host, the kernel's vendor half that adds VFIO
 * regions, and the consumer that turns a VFIO device into a function the guest sees. Any face may
 * be absent.
 */
package org.nvlink2vmm.vmm.device;
