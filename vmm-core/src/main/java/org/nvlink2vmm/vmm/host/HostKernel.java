package org.nvlink2vmm.vmm.host;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;

/**
 * What the drivers of one emulated kernel share.
 *
 * @param nextUserAddress where the next mapping without memory of its own goes in the process
 */
record HostKernel(
    PowernvTree tree,
    HostAbi abi,
    int pageSize,
    VfioPciTrace trace,
    KernelFaults faults,
    Consumer<String> log,
    HostMemory memory,
    PinnedDeviceMemory pinned,
    LparContexts contexts,
    AtomicLong nextUserAddress) {
  /** Where such mappings begin: above everything that a process of this machine has. */
  static final long USER_ADDRESSES = 1L << 60;

  long userAddress(long length) {
    return nextUserAddress.getAndAdd(length + pageSize);
  }
}
