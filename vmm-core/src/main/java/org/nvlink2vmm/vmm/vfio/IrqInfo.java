package org.nvlink2vmm.vmm.vfio;

/** What VFIO_DEVICE_GET_IRQ_INFO says of an interrupt index. */
public record IrqInfo(int index, int flags, int count) {
  /** VFIO_IRQ_INFO_EVENTFD. */
  public static final int EVENTFD = 1;

  /** VFIO_IRQ_INFO_MASKABLE. */
  public static final int MASKABLE = 2;

  /** VFIO_IRQ_INFO_AUTOMASKED. */
  public static final int AUTOMASKED = 4;

  /** VFIO_IRQ_INFO_NORESIZE. */
  public static final int NORESIZE = 8;

  /** Index {@code index} of a PCI device: INTx can be masked, the others are not resized. */
  public static IrqInfo ofPci(int index, int count) {
    int flags =
        index == VfioPciIndex.INTX_IRQ ? EVENTFD | MASKABLE | AUTOMASKED : EVENTFD | NORESIZE;
    return new IrqInfo(index, flags, count);
  }
}
