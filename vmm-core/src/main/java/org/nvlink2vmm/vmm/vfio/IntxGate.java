package org.nvlink2vmm.vmm.vfio;

import org.nvlink2vmm.vmm.irq.InterruptSink;

/**
 * INTx as VFIO passes it on (drivers/vfio/pci/vfio_pci_intrs.c): firing masks it, unmasking lets it
 * fire again while the device still holds the line. Other interrupts pass through.
 *
 * <p>The device triggers and lowers it, the consumer connects and masks; from any thread. One lock,
 * held over no call.
 */
public final class IntxGate implements InterruptSink {
  private final Object lock = new Object();
  private volatile InterruptSink sink = InterruptSink.NONE;
  private boolean raised;
  private boolean masked;
  private boolean disabled;

  /** Says where interrupts go from now on. INTx starts unmasked. */
  public void connect(InterruptSink consumer) {
    synchronized (lock) {
      sink = consumer;
      masked = false;
    }
    fireIfPending();
  }

  /** Masks or unmasks INTx. */
  public void mask(boolean mask) {
    synchronized (lock) {
      masked = mask;
    }
    fireIfPending();
  }

  /**
   * The user's Interrupt Disable bit of Command, which VFIO keeps from the function: while it is
   * set nothing unmasks INTx, and taking it away does.
   */
  public void disable(boolean disable) {
    synchronized (lock) {
      if (disabled == disable) {
        return;
      }
      disabled = disable;
      masked &= disable;
    }
    fireIfPending();
  }

  @Override
  public void trigger(int index, int vector) {
    if (index != VfioPciIndex.INTX_IRQ) {
      sink.trigger(index, vector);
      return;
    }
    synchronized (lock) {
      raised = true;
    }
    fireIfPending();
  }

  @Override
  public void lower() {
    synchronized (lock) {
      raised = false;
    }
    sink.lower();
  }

  private void fireIfPending() {
    InterruptSink target;
    synchronized (lock) {
      if (!raised || masked || disabled || sink.equals(InterruptSink.NONE)) {
        return;
      }
      masked = true;
      target = sink;
    }
    target.trigger(VfioPciIndex.INTX_IRQ, 0);
  }
}
