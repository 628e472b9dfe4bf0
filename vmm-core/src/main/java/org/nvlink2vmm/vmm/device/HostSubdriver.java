package org.nvlink2vmm.vmm.device;

import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * The kernel's vendor half: what vfio_pci_enable calls for functions of a PCI vendor. It registers
 * regions with the opening it is given.
 */
public interface HostSubdriver {
  /** The PCI vendor id whose functions it is called for. */
  int vendor();

  /**
   * The init hook. Returning means the regions were registered.
   *
   * @throws VfioException ENODEV: not for this function, the device opens without extra regions;
   *     any other errno: the open fails with it
   */
  void open(SubdriverOpening opening);
}
