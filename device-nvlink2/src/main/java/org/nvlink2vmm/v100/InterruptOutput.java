package org.nvlink2vmm.v100;

import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.pci.ConfigTrap;
import org.nvlink2vmm.vmm.pci.PciCapability;
import org.nvlink2vmm.vmm.pci.PciRegs;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/**
 * The function's interrupt as its configuration space has it: a message when MSI is enabled, else
 * the INTx level, unless Command disables it; Status shows that one is pending (PCI Local Bus 3.0,
 * 6.2.2 and 6.2.3).
 */
final class InterruptOutput {
  private static final int MSI_ENABLE = 1;

  private final ConfigSpace config;
  private final int msiFlags;
  private volatile InterruptSink sink = InterruptSink.NONE;
  private boolean asked;
  private boolean level;

  InterruptOutput(ConfigSpace config) {
    this.config = config;
    this.msiFlags = PciCapability.find(config, PciRegs.CAP_ID_MSI).orElseThrow().offset() + 2;
    config.trap(PciRegs.COMMAND, 2, new Follow());
    config.trap(msiFlags, 2, new Follow());
  }

  void connect(InterruptSink to) {
    sink = to;
    follow();
  }

  /** The function asks for an interrupt, or no longer does. */
  synchronized void ask(boolean up) {
    boolean rises = up && !asked;
    asked = up;
    config.update(PciRegs.STATUS, 2, PciRegs.STATUS_INTERRUPT, up ? PciRegs.STATUS_INTERRUPT : 0);
    if (rises && msi()) {
      sink.trigger(VfioPciIndex.MSI_IRQ, 0);
    }
    follow();
  }

  private synchronized void follow() {
    boolean disabled = (config.load(PciRegs.COMMAND, 2) & PciRegs.COMMAND_INTX_DISABLE) != 0;
    boolean high = asked && !disabled && !msi();
    if (high && !level) {
      sink.trigger(VfioPciIndex.INTX_IRQ, 0);
    } else if (!high && level) {
      sink.lower();
    }
    level = high;
  }

  private boolean msi() {
    return (config.load(msiFlags, 2) & MSI_ENABLE) != 0;
  }

  /** Takes the write as it is and looks at what it changed. */
  private final class Follow implements ConfigTrap {
    @Override
    public boolean write(int offset, int size, int value) {
      config.writeMasked(offset, size, value);
      follow();
      return true;
    }
  }
}
