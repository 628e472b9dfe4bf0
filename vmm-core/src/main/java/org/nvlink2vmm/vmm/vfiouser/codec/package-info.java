/**
 * Messages as bytes. The peer supplies all of them, and the descriptors beside them: the decoder's
 * two limits, largest message and most descriptors, stop what it can cost; room grows with bytes
 * that arrived, not with what a header claims. Messages are read where they lie, so nothing is made
 * for each of them.
 *
 * <p>Threads: a decoder and its messages belong to one event loop.
 */
package org.nvlink2vmm.vmm.vfiouser.codec;
