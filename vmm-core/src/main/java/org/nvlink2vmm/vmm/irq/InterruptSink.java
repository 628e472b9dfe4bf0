package org.nvlink2vmm.vmm.irq;

/** Where a device's interrupts go. Called from any thread; must not block. */
public interface InterruptSink {
  /** Discards interrupts. */
  InterruptSink NONE = (index, vector) -> {};

  /**
   * An interrupt fired.
   *
   * @param index 0 INTx, 1 MSI, 2 MSI-X, 3 ERR, 4 REQ (vfio.h, VFIO_PCI_*_IRQ_INDEX)
   * @param vector within the index, from 0
   */
  void trigger(int index, int vector);

  /** INTx went down again; for consumers that model the level. */
  default void lower() {}
}
