package org.nvlink2vmm.dt.spapr;

/**
 * The phandles of the tree, computed from places instead of counted, so that they are the same in
 * every tree of a machine (QEMU hw/ppc/spapr_pci_nvlink2.c: PHANDLE_PCIDEV, PHANDLE_GPURAM,
 * PHANDLE_NVLINK; include/hw/ppc/spapr.h: PHANDLE_INTC).
 */
final class Phandles {
  /** PHANDLE_INTC. */
  static final int INTERRUPT_CONTROLLER = 0x1111;

  private Phandles() {}

  /** PHANDLE_PCIDEV; the corrected form has the bus number in bits 8-15, which is 0 at the root. */
  static int pciFunction(Compat compat, PlacedFunction placed) {
    int bus = compat.isCorrected() ? placed.bus() : 0;
    return 0x1200_0000 | placed.vphbIndex() << 16 | bus << 8 | placed.function().devfn();
  }

  /** PHANDLE_GPURAM. */
  static int gpuRam(int vphbIndex, int slot) {
    return 0x1100_00ff | vphbIndex << 16 | slot << 8;
  }

  /** PHANDLE_NVLINK. */
  static int link(int vphbIndex, int slot, int linkInSlot) {
    return 0x0013_0000 | vphbIndex << 8 | slot << 4 | linkInSlot;
  }
}
