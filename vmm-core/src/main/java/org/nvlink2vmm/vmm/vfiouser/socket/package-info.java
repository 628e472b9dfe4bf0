/**
 * Netty channels over sockets that carry descriptors: a poll(2) loop, a listener, a connected
 * channel. The peer supplies bytes, descriptors, and the pace: a channel takes no more than one
 * buffer at a time and stops taking when its own output is not taken.
 *
 * <p>Threads: everything belongs to one event loop, but for its wake-up.
 */
package org.nvlink2vmm.vmm.vfiouser.socket;
