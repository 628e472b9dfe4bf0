package org.nvlink2vmm.vmm.vfio;

import java.util.List;
import org.nvlink2vmm.vmm.irq.MsiMessage;
import org.nvlink2vmm.vmm.irq.MsiTarget;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.PciCapability;
import org.nvlink2vmm.vmm.pci.PciRegs;

/**
 * The messages of a function as its guest has set them up: a copy, refreshed whenever the
 * capability is written, that can be read without asking the device. MSI messages stand in the
 * capability; those of MSI-X, whose table a pseries guest never writes, are given by {@link
 * #msix(List)}.
 *
 * <p>Offsets and bits: Linux include/uapi/linux/pci_regs.h, PCI_MSI_* and PCI_MSIX_*.
 */
final class MessageSetup {
  private static final int FLAGS = 2;
  private static final int ENABLE = 1;
  private static final int VECTORS = 0x70;
  private static final int WIDE = 0x80;
  private static final int ADDRESS = 4;
  private static final int MSIX_ENABLE = 0x8000;
  private static final int MSIX_MASKED = 0x4000;
  private static final int MSI_BYTES = 16;

  private final MmioHandler config;
  private final int msi;
  private final int msix;
  private volatile int msiVectors;
  private volatile MsiMessage msiMessage = new MsiMessage(0, 0);
  private volatile boolean msixEnabled;
  private volatile List<MsiMessage> msixMessages = List.of();

  /**
   * @param config of the device; read here only, on the thread of whoever writes it
   */
  MessageSetup(MmioHandler config) {
    this.config = config;
    this.msi = offset(config, PciRegs.CAP_ID_MSI);
    this.msix = offset(config, PciRegs.CAP_ID_MSIX);
    refresh();
  }

  private static int offset(MmioHandler config, int id) {
    return PciCapability.find(config, id).map(PciCapability::offset).orElse(0);
  }

  /** The configuration space was written. */
  void written(long offset, int size) {
    if (overlaps(offset, size, msi) || overlaps(offset, size, msix)) {
      refresh();
    }
  }

  private static boolean overlaps(long offset, int size, int capability) {
    return capability != 0 && offset + size > capability && offset < capability + MSI_BYTES;
  }

  private void refresh() {
    if (msi != 0) {
      int flags = (int) config.read(msi + FLAGS, 2);
      boolean wide = (flags & WIDE) != 0;
      long low = config.read(msi + ADDRESS, 4);
      long high = wide ? config.read(msi + ADDRESS + 4, 4) : 0;
      int data = (int) config.read(msi + ADDRESS + (wide ? 8 : 4), 2);
      msiMessage = new MsiMessage(high << 32 | low, data);
      msiVectors = (flags & ENABLE) != 0 ? 1 << (flags >> 4 & 7) : 0;
    }
    if (msix != 0) {
      msixEnabled = (config.read(msix + FLAGS, 2) & (MSIX_ENABLE | MSIX_MASKED)) == MSIX_ENABLE;
    }
  }

  /** Takes all away, whatever the device's own reset does; the rest of the registers stays. */
  void disable(MmioHandler guestConfig) {
    clear(guestConfig, msi, ENABLE | VECTORS);
    clear(guestConfig, msix, MSIX_ENABLE | MSIX_MASKED);
    msixMessages = List.of();
  }

  private static void clear(MmioHandler config, int capability, int bits) {
    if (capability != 0) {
      long flags = config.read(capability + FLAGS, 2);
      config.write(capability + FLAGS, 2, flags & ~bits);
    }
  }

  /** Sets the messages of MSI-X, by vector. */
  void msix(List<MsiMessage> messages) {
    msixMessages = List.copyOf(messages);
  }

  /** Sends the message of an MSI vector, if it may. */
  void msi(int vector, MsiTarget target) {
    if (vector >= 0 && vector < msiVectors) {
      MsiMessage message = msiMessage;
      target.message(message.address(), message.data() | vector);
    }
  }

  /** Sends the message of an MSI-X vector, if it may. */
  void msix(int vector, MsiTarget target) {
    List<MsiMessage> messages = msixMessages;
    if (msixEnabled && vector >= 0 && vector < messages.size()) {
      target.message(messages.get(vector).address(), messages.get(vector).data());
    }
  }
}
