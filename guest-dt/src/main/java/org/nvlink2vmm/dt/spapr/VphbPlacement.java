package org.nvlink2vmm.dt.spapr;

/**
 * Where a vPHB's windows lie in guest-physical memory, by its index (QEMU hw/ppc/spapr.c,
 * include/hw/pci-host/spapr.h).
 *
 * @param index 0 ... 30
 * @param buid the bus unit id, which RTAS calls and the node's unit address carry
 * @param pioWindow gpa of the 64 KiB port window
 * @param mmio32Window gpa of the 2 GiB window for 32-bit BARs, which is PCI address 0x80000000
 * @param mmio64Window gpa and PCI address of the 1 TiB window for 64-bit BARs
 */
public record VphbPlacement(
    int index, long buid, long pioWindow, long mmio32Window, long mmio64Window) {

  /** SPAPR_MAX_PHBS. */
  public static final int MAX_VPHBS = 31;

  /** SPAPR_PCI_BASE. */
  public static final long PCI_BASE = 0x2000_0000_0000L;

  private static final long BUID_BASE = 0x800_0000_2000_0000L;

  /** SPAPR_PCI_IO_WIN_SIZE. */
  public static final long PIO_SIZE = 0x1_0000L;

  /** SPAPR_PCI_MEM_WIN_BUS_OFFSET: the PCI address at which the 32-bit window begins. */
  public static final long MMIO32_BUS = 0x8000_0000L;

  /** SPAPR_PCI_MEM32_WIN_SIZE. */
  public static final long MMIO32_SIZE = 0x8000_0000L;

  /** SPAPR_PCI_MEM64_WIN_SIZE. */
  public static final long MMIO64_SIZE = 0x100_0000_0000L;

  /**
   * The placement of vPHB {@code index}.
   *
   * @throws Refusal when {@code index} is not in 0 ... 30
   */
  public static VphbPlacement of(int index) {
    checkIndex(index);
    return new VphbPlacement(
        index,
        BUID_BASE + index,
        PCI_BASE + index * PIO_SIZE,
        PCI_BASE + (index + 1) * MMIO32_SIZE,
        PCI_BASE + (index + 1) * MMIO64_SIZE);
  }

  static int checkIndex(int index) {
    if (index < 0 || index >= MAX_VPHBS) {
      throw Refusal.refused("vPHB index " + index + ", expected 0 to " + (MAX_VPHBS - 1));
    }
    return index;
  }

  /** LIOBN of DMA window {@code window}: SPAPR_PCI_LIOBN. */
  public int liobn(int window) {
    return 0x8000_0000 | index << 8 | window;
  }

  /** Interrupt number of INTA + {@code pin}, {@code pin} 0 ... 3. */
  public int lsi(int pin) {
    return 0x1200 + 4 * index + pin;
  }
}
