package org.nvlink2vmm.vmm.vfiouser.client;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * What a server answered: an errno, or a payload and descriptors, which are the taker's.
 *
 * @param errno 0 for success
 * @param payload the bytes after the header, copied
 */
record Reply(int errno, MemorySegment payload, List<OwnedFd> descriptors) {
  void closeDescriptors() {
    descriptors.forEach(OwnedFd::close);
  }
}
