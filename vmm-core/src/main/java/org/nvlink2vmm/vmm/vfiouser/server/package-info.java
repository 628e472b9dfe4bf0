/**
 * A vfio-user server: a device behind a socket. The client supplies every message and is not
 * trusted: each command checks all of its fields before the first has an effect, {@code Limits}
 * says what is taken at most, descriptors are owned or closed, and guest memory is reached only
 * inside ranges that lie in their files. A command answers with a size or the negative of an errno;
 * nothing a client sends throws past its session.
 *
 * <p>Threads: a server and its sessions run on one event loop. Devices may raise interrupts and
 * reach guest memory from any thread.
 */
package org.nvlink2vmm.vmm.vfiouser.server;
