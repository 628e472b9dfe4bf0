package org.nvlink2vmm.vmm.vfio;

import java.util.concurrent.atomic.AtomicBoolean;
import org.nvlink2vmm.vmm.irq.InterruptLine;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.irq.MsiTarget;

/**
 * A device's interrupts on their way to its guest, as QEMU's vfio-pci passes them on: INTx goes to
 * the line that the pin is wired to until the guest has dealt with it, a vector becomes the message
 * that the guest has set up for it.
 *
 * <p>Calls come from the device, which may not be asked back: what the guest has set up is kept in
 * {@link MessageSetup}. ERR and REQ have no counterpart on a guest's bus.
 */
final class GuestInterrupts implements InterruptSink {
  private final VfioDevice device;
  private final InterruptLine line;
  private final int source;
  private final MessageSetup setup;
  private final MsiTarget target;
  private final AtomicBoolean fired = new AtomicBoolean();

  GuestInterrupts(VfioDevice device, InterruptLine line, MessageSetup setup, MsiTarget target) {
    this.device = device;
    this.line = line;
    this.setup = setup;
    this.target = target;
    this.source = line.add(this::ended);
  }

  @Override
  public void trigger(int index, int vector) {
    switch (index) {
      case VfioPciIndex.INTX_IRQ -> {
        fired.set(true);
        line.set(source, true);
      }
      case VfioPciIndex.MSI_IRQ -> setup.msi(vector, target);
      case VfioPciIndex.MSIX_IRQ -> setup.msix(vector, target);
      default -> {}
    }
  }

  @Override
  public void lower() {
    line.set(source, false);
  }

  /** vfio_intx_eoi: the line falls, and rises again at once if the device still wants it to. */
  private void ended() {
    if (fired.compareAndSet(true, false)) {
      line.set(source, false);
      device.maskIntx(false);
    }
  }

  /** After a reset nothing is up. */
  void reset() {
    fired.set(false);
    line.set(source, false);
  }
}
