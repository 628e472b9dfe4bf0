package org.nvlink2vmm.vmm.device;

import java.util.OptionalInt;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.vfio.VfioException;

/** What a subdriver's init hook can reach: the function, the host, the kernel's services. */
public interface SubdriverOpening {
  HostFunction function();

  PowernvTree tree();

  /** Host-physical memory, for what the kernel would remap. */
  AddressSpace physical();

  HostAbi abi();

  /**
   * The LPID of the KVM guest attached to the function's group when it is opened; empty for none.
   */
  OptionalInt attachedLpid();

  /** Host page size in bytes: 65536 on the machines meant. */
  int pageSize();

  /**
   * Registers a region (vfio_pci_register_dev_region): it gets the next index from 9 on.
   *
   * @throws VfioException ENOMEM
   */
  void register(SubdriverRegion region);

  /** A line of the kernel's log. */
  void log(String line);
}
