package org.nvlink2vmm.vmm.vfio;

/** Fixed indexes of a VFIO PCI device (vfio.h, VFIO_PCI_*_REGION_INDEX and _IRQ_INDEX). */
public final class VfioPciIndex {
  public static final int BAR0_REGION = 0;
  public static final int BAR5_REGION = 5;
  public static final int ROM_REGION = 6;
  public static final int CONFIG_REGION = 7;
  public static final int VGA_REGION = 8;

  /** VFIO_PCI_NUM_REGIONS: device-specific regions are numbered from here. */
  public static final int NUM_REGIONS = 9;

  public static final int INTX_IRQ = 0;
  public static final int MSI_IRQ = 1;
  public static final int MSIX_IRQ = 2;
  public static final int ERR_IRQ = 3;
  public static final int REQ_IRQ = 4;
  public static final int NUM_IRQS = 5;

  /** VFIO_PCI_OFFSET_SHIFT: a region's file offset is its index shifted left by this. */
  public static final int OFFSET_SHIFT = 40;

  private VfioPciIndex() {}

  /** File offset of a region (VFIO_PCI_INDEX_TO_OFFSET). */
  public static long fileOffset(int index) {
    return (long) index << OFFSET_SHIFT;
  }
}
