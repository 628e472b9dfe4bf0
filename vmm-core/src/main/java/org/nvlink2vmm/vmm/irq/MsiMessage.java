package org.nvlink2vmm.vmm.irq;

/**
 * What a function writes to raise a message-signalled interrupt.
 *
 * @param address PCI address, 4-byte aligned
 * @param data the low 16 bits for MSI, 32 for MSI-X
 */
public record MsiMessage(long address, int data) {
  /** The message of one of several MSI vectors: the low bits of the data say which. */
  public MsiMessage forVector(int vector) {
    return new MsiMessage(address, data | vector);
  }
}
