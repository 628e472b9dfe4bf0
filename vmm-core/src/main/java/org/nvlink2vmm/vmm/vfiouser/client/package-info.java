/**
 * A vfio-user client: any server's device as a {@link org.nvlink2vmm.vmm.vfio.VfioDevice}. The
 * server supplies every reply and is not trusted: sizes, counts and indexes are checked before they
 * are used, files before they are mapped, and who waits for a reply waits a limited time. A server
 * that breaks the protocol or does not answer loses its client; from then on every call fails.
 *
 * <p>Threads: any thread may call. Replies and the server's own requests are handled on one event
 * loop, interrupts on another, so that who is interrupted may call the device.
 */
package org.nvlink2vmm.vmm.vfiouser.client;
