package org.nvlink2vmm.vmm.pci;

/** How a write combines with what a word holds. */
public enum WriteRule {
  /**
   * PCI: writable bits take the written value; ones written to write-one-to-clear bits clear them.
   */
  STANDARD {
    @Override
    int apply(int old, int written, int writable, int clearable) {
      return ((old & ~writable) | (written & writable)) & ~(written & clearable);
    }
  },

  /**
   * The cached config space of POWER9 firmware (skiboot core/pci-virt.c, pci_virt_cfg_write): bits
   * that are not writable are restored first, then write-one-to-clear bits that are set both before
   * and after that are cleared. So a bit that is read-only and clearable is cleared by any write to
   * its byte, even of 0.
   */
  RESTORE_THEN_CLEAR {
    @Override
    int apply(int old, int written, int writable, int clearable) {
      int restored = (old & ~writable) | (written & writable);
      return restored & ~(restored & old & clearable);
    }
  };

  /** The new word; bits outside the accessed bytes are not looked at by the caller. */
  abstract int apply(int old, int written, int writable, int clearable);
}
