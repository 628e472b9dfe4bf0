package org.nvlink2vmm.vmm.device;

import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.trace.AccessCounts;

/** The host in which hardware sits: its device tree, its physical addresses, the other hardware. */
public interface HostContext {
  PowernvTree tree();

  /**
   * Host-physical addresses. Hardware maps its memory and registers here, at the addresses that the
   * tree gives; the kernel's drivers find them here and nowhere else.
   */
  AddressSpace physical();

  /** Where hardware counts accesses to registers that it does not model. */
  AccessCounts counts();

  /** The NPU whose links go to the GPU at an address, from whichever plug-in models it. */
  Optional<Npu> npuOf(HostBdf gpu);

  /** The options that the machine file gives the function at an address; none if it has none. */
  DeviceOptions options(HostBdf function);
}
