package org.nvlink2vmm.dt.spapr;

/** How much of the PAPR host bridge binding a vPHB's node carries. */
public sealed interface VphbBinding {

  /** Type, compatible string and bus unit id only: enough for tools that look at devices. */
  record Brief() implements VphbBinding {}

  /**
   * All that a guest needs to use the bus.
   *
   * @param msis MSIs of the interrupt backend, {@code ibm,pe-total-#msi}
   * @param dmaWindowBase bus address of the default DMA window
   * @param dmaWindowSize bytes of the default DMA window
   * @param dynamicWindows whether the dynamic DMA window calls are offered
   * @param numaNode NUMA node of the host bridge, or {@link #NO_NUMA_NODE}
   * @param drcTables whether every slot is listed as a hot-plug connector
   */
  record Complete(
      int msis,
      long dmaWindowBase,
      long dmaWindowSize,
      boolean dynamicWindows,
      int numaNode,
      boolean drcTables)
      implements VphbBinding {}

  int NO_NUMA_NODE = -1;

  VphbBinding BRIEF = new Brief();

  /** QEMU's defaults: 0xd00 MSIs, 1 GiB of DMA at bus address 0, dynamic windows. */
  Complete COMPLETE = new Complete(0xd00, 0, 0x4000_0000L, true, NO_NUMA_NODE, false);
}
