package org.nvlink2vmm.vmm.ats;

/**
 * What firmware tells a host kernel of an NPU's errors, for its error handling (EEH): two calls of
 * the NPU's host bridge (skiboot hw/npu2.c, include/opal-api.h).
 */
public interface NpuErrors {
  /** OPAL_EEH_STOPPED_NOT_FROZEN: neither MMIO nor DMA of the PE is stopped. */
  int NOT_FROZEN = 0;

  /** No PE has an error (OPAL_EEH_NO_ERROR). */
  int NO_ERROR = -1;

  /** Partitionable endpoints (PEs) of the host bridge: 16, from skiboot 6.3 on 8. */
  int peCount();

  /**
   * OPAL_PCI_EEH_FREEZE_STATUS (23). Firmware answers {@link #NOT_FROZEN} whatever the PE: an NPU's
   * errors come through {@link #nextError} alone.
   */
  int freezeStatus(int pe);

  /**
   * OPAL_PCI_NEXT_ERROR (60): the first PE whose PE state is not zero, for which firmware reports
   * OPAL_EEH_PE_ERROR with severity OPAL_EEH_SEV_PE_ER; else {@link #NO_ERROR}. It stays the same
   * until someone writes zero to the PE's state.
   */
  int nextError();
}
