package org.nvlink2vmm.dt.spapr;

/** What a PCI function has to do with NVLink, as read from its VFIO regions. */
public sealed interface NvlinkFacts permits GpuRamFacts, AtsdFacts, NoNvlink {
  /** A function that has nothing to do with NVLink. */
  NvlinkFacts NONE = new NoNvlink();
}
