package org.nvlink2vmm.vmm.irq;

/** What decodes the messages that functions write to raise interrupts. Any thread; never blocks. */
@FunctionalInterface
public interface MsiTarget {
  /**
   * A function wrote a message.
   *
   * @param address PCI address
   * @param data 32 bits; of MSI the upper half is 0
   */
  void message(long address, int data);
}
