/**
 * vfio-user: VFIO's device interface over a Unix socket (QEMU docs/interop/vfio-user.rst), both
 * ends. {@code server} offers a {@link org.nvlink2vmm.vmm.vfio.VfioDevice} to another VMM; {@code
 * client} makes one of a server's; {@code codec} cuts the stream into messages; {@code socket}
 * moves bytes and descriptors. Netty is used nowhere else.
 */
package org.nvlink2vmm.vmm.vfiouser;
