package org.nvlink2vmm.vmm.device;

/**
 * The resets of a PCI host bridge that firmware has (skiboot include/opal-api.h, OPAL_PCI_RESET).
 */
public enum HostBridgeReset {
  /** OPAL_RESET_PCI_HOT: the bus below. An NPU resets the NTL of every link. */
  HOT,
  /** OPAL_RESET_PCI_FUNDAMENTAL: the slot. An NPU answers success and does nothing. */
  FUNDAMENTAL,
  /** OPAL_RESET_PHB_COMPLETE: the bridge itself. An NPU resets the NTL of every link. */
  COMPLETE
}
