package org.nvlink2vmm.dt.spapr;

import org.nvlink2vmm.dt.tree.Node;

/** Writes the node of a vPHB and all that belongs to it (PAPR; QEMU hw/ppc/spapr_pci.c). */
final class VphbNodes {
  private static final int SLOTS = 32;
  private static final int PINS = 4;
  private static final int CELLS_PER_INTERRUPT = 7;

  private static final int IO_SPACE = 0x0100_0000;
  private static final int MEMORY_32_SPACE = 0x0200_0000;
  private static final int MEMORY_64_SPACE = 0x0300_0000;

  private static final int RTAS_QUERY_DMA_WINDOW = 0x2026;
  private static final int RTAS_CREATE_DMA_WINDOW = 0x2027;
  private static final int RTAS_REMOVE_DMA_WINDOW = 0x2028;
  private static final int RTAS_RESET_DMA_WINDOW = 0x2029;

  private final MachineDescription machine;
  private final VphbDescription vphb;
  private final VphbPlacement placement;
  private final NvlinkNodes nvlink;
  private final Associativity associativity;

  VphbNodes(
      MachineDescription machine,
      VphbDescription vphb,
      NvlinkLayout layout,
      Associativity associativity) {
    this.machine = machine;
    this.vphb = vphb;
    this.placement = vphb.placement();
    this.nvlink = new NvlinkNodes(machine.compat(), layout, associativity);
    this.associativity = associativity;
  }

  void write(Node root) {
    Node node = root.addChild("pci@" + Long.toHexString(placement.buid()));
    node.setStrings("device_type", "pci");
    node.setStrings("compatible", "IBM,Logical_PHB");
    switch (vphb.binding()) {
      case VphbBinding.Brief _ -> node.setU64("reg", placement.buid(), 0);
      case VphbBinding.Complete complete -> complete(node, complete);
    }
    node.setU32("#address-cells", 3);
    node.setU32("#size-cells", 2);
    PciNodes pci = new PciNodes(machine.compat(), vphb, nvlink);
    pci.bus(node, 0, 0, vphb.functions().reversed());
    pci.drcTables(node, 0);
    nvlink.hostBridgeProperties(node);
    nvlink.npu(root);
    nvlink.memory(root);
  }

  private void complete(Node node, VphbBinding.Complete binding) {
    node.setU32("#interrupt-cells", 1);
    node.setEmpty("used-by-rtas");
    node.setU32("bus-range", 0, 0xff);
    ranges(node);
    node.setU64("reg", placement.buid(), 0);
    node.setU32("ibm,pci-config-space-type", 1);
    node.setU32("ibm,pe-total-#msi", binding.msis());
    dynamicWindows(node, binding);
    if (binding.numaNode() != VphbBinding.NO_NUMA_NODE) {
      node.setU32("ibm,associativity", associativity.guestNode(binding.numaNode()));
    }
    interruptMap(node);
    node.setU32("ibm,#dma-address-cells", 2);
    node.setU32("ibm,#dma-size-cells", 2);
    dmaWindow(node, binding);
    node.setU32("ibm,my-drc-index", 0x2000_0000 | vphb.index());
    node.setU32("qemu,phb-enumerated", 1);
  }

  private void ranges(Node node) {
    long pio = placement.pioWindow();
    long mmio32 = placement.mmio32Window();
    long mmio64 = placement.mmio64Window();
    int[] cells = new int[21];
    range(cells, 0, IO_SPACE, 0, pio, VphbPlacement.PIO_SIZE);
    range(cells, 7, MEMORY_32_SPACE, VphbPlacement.MMIO32_BUS, mmio32, VphbPlacement.MMIO32_SIZE);
    range(cells, 14, MEMORY_64_SPACE, mmio64, mmio64, VphbPlacement.MMIO64_SIZE);
    node.setU32("ranges", cells);
  }

  private static void range(int[] cells, int at, int space, long bus, long gpa, long size) {
    cells[at] = space;
    cells[at + 1] = (int) (bus >>> 32);
    cells[at + 2] = (int) bus;
    cells[at + 3] = (int) (gpa >>> 32);
    cells[at + 4] = (int) gpa;
    cells[at + 5] = (int) (size >>> 32);
    cells[at + 6] = (int) size;
  }

  private void dynamicWindows(Node node, VphbBinding.Complete binding) {
    if (!binding.dynamicWindows()) {
      return;
    }
    node.setU32(
        "ibm,ddw-applicable",
        RTAS_QUERY_DMA_WINDOW,
        RTAS_CREATE_DMA_WINDOW,
        RTAS_REMOVE_DMA_WINDOW);
    if (machine.compat().isAtLeast(Compat.QEMU_7_1)) {
      // The second extension says that the query answers with a 64-bit block count.
      node.setU32("ibm,ddw-extensions", 2, RTAS_RESET_DMA_WINDOW, 1);
    } else {
      node.setU32("ibm,ddw-extensions", 1, RTAS_RESET_DMA_WINDOW);
    }
  }

  /** Pins are swizzled over the vPHB's four lines by slot, as on a PCI-PCI bridge. */
  private void interruptMap(Node node) {
    node.setU32("interrupt-map-mask", 0xf800, 0, 0, -1);
    int[] cells = new int[SLOTS * PINS * CELLS_PER_INTERRUPT];
    int at = 0;
    for (int slot = 0; slot < SLOTS; slot++) {
      for (int pin = 0; pin < PINS; pin++) {
        cells[at] = slot << 11;
        cells[at + 3] = pin + 1;
        cells[at + 4] = Phandles.INTERRUPT_CONTROLLER;
        cells[at + 5] = placement.lsi((slot + pin) % PINS);
        cells[at + 6] = 1; // level-sensitive
        at += CELLS_PER_INTERRUPT;
      }
    }
    node.setU32("interrupt-map", cells);
  }

  private void dmaWindow(Node node, VphbBinding.Complete binding) {
    node.setU32(
        "ibm,dma-window",
        placement.liobn(0),
        (int) (binding.dmaWindowBase() >>> 32),
        (int) binding.dmaWindowBase(),
        (int) (binding.dmaWindowSize() >>> 32),
        (int) binding.dmaWindowSize());
  }
}
