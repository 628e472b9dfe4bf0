package org.nvlink2vmm.dt.spapr;

import java.util.Locale;
import org.nvlink2vmm.dt.tree.Node;

/** Writes the nodes of PCI functions (IEEE 1275 PCI binding; QEMU hw/ppc/spapr_pci.c). */
final class PciNodes {
  private static final int STATUS_66MHZ = 0x20;
  private static final int STATUS_UDF = 0x40;
  private static final int STATUS_FAST_BACK = 0x80;
  private static final int STATUS_DEVSEL = 0x600;
  private static final int CELLS_PER_WINDOW = 5;

  private final Compat compat;
  private final VphbDescription vphb;
  private final NvlinkNodes nvlink;

  PciNodes(Compat compat, VphbDescription vphb, NvlinkNodes nvlink) {
    this.compat = compat;
    this.vphb = vphb;
    this.nvlink = nvlink;
  }

  /** Writes the functions of a bus, the last first, so that they end up ascending. */
  void bus(Node parent, int bus, int chassis, Iterable<PciFunctionDescription> descending) {
    for (PciFunctionDescription function : descending) {
      function(parent, new PlacedFunction(vphb.index(), bus, function), chassis);
    }
  }

  private void function(Node parent, PlacedFunction placed, int chassis) {
    PciFunctionDescription function = placed.function();
    Node node = parent.addChild(nodeName(function));
    identity(node, function.config());
    status(node, function.config());
    node.setStrings(
        "ibm,loc-code", function.locationCode().text(vphb.index(), placed.bus(), function.devfn()));
    connectorAndMsis(node, function, chassis);
    windows(node, placed);
    if (function.extendedConfig()) {
      node.setU32("ibm,pci-config-space-type", 1);
    }
    nvlink.functionProperties(node, placed);
    if (function.config().isBridge()) {
      secondaryBus(node, function.behind());
    } else {
      node.setU32("min-grant", function.config().minGrant());
      node.setU32("max-latency", function.config().maxLatency());
    }
  }

  static String nodeName(PciFunctionDescription function) {
    String name = PciClassNames.of(function.config().classCode());
    return function.function() == 0
        ? String.format(Locale.ROOT, "%s@%x", name, function.slot())
        : String.format(Locale.ROOT, "%s@%x,%x", name, function.slot(), function.function());
  }

  private static void identity(Node node, PciConfigFacts config) {
    node.setU32("vendor-id", config.vendor());
    node.setU32("device-id", config.device());
    node.setU32("revision-id", config.revision());
    node.setU32("class-code", config.classCode());
    if (config.interruptPin() != 0) {
      node.setU32("interrupts", config.interruptPin());
    }
    if (config.subsystem() != 0) {
      node.setU32("subsystem-id", config.subsystem());
    }
    if (config.subsystemVendor() != 0) {
      node.setU32("subsystem-vendor-id", config.subsystemVendor());
    }
    node.setU32("cache-line-size", config.cacheLineSize());
  }

  private static void status(Node node, PciConfigFacts config) {
    // The field is not shifted down, by QEMU's reading of the binding.
    node.setU32("devsel-speed", config.status() & STATUS_DEVSEL);
    if ((config.status() & STATUS_FAST_BACK) != 0) {
      node.setEmpty("fast-back-to-back");
    }
    if ((config.status() & STATUS_66MHZ) != 0) {
      node.setEmpty("66mhz-capable");
    }
    if ((config.status() & STATUS_UDF) != 0) {
      node.setEmpty("udf-supported");
    }
  }

  private void connectorAndMsis(Node node, PciFunctionDescription function, int chassis) {
    if (function.connector()) {
      node.setU32("ibm,my-drc-index", drcIndex(vphb.index(), chassis, function.devfn()));
    }
    if (function.msiVectors() > 0) {
      node.setU32("ibm,req#msi", function.msiVectors());
    }
    if (function.msixEntries() > 0) {
      node.setU32("ibm,req#msi-x", function.msixEntries());
    }
  }

  /** SPAPR_DR_CONNECTOR_TYPE_PCI and the connector's place. */
  static int drcIndex(int vphbIndex, int chassis, int devfn) {
    return 0x4000_0000 | vphbIndex << 16 | chassis << 8 | devfn;
  }

  private void windows(Node node, PlacedFunction placed) {
    PciFunctionDescription function = placed.function();
    int place = placed.bus() << 16 | function.devfn() << 8;
    int[] reg = new int[CELLS_PER_WINDOW * (1 + function.bars().size())];
    reg[0] = place;
    int at = CELLS_PER_WINDOW;
    for (PciBar bar : function.bars()) {
      reg[at] = place | bar.kind().spaceCode << 24 | bar.register(function.config().isBridge());
      reg[at + 3] = (int) (bar.size() >>> 32);
      reg[at + 4] = (int) bar.size();
      at += CELLS_PER_WINDOW;
    }
    node.setU32("reg", reg);
    if (compat == Compat.QEMU_4_1) {
      // Only BARs that are mapped are listed, and after a reset none is.
      node.setEmpty("assigned-addresses");
    }
  }

  private void secondaryBus(Node node, SecondaryBus behind) {
    node.setU32("#address-cells", 3);
    node.setU32("#size-cells", 2);
    bus(node, behind.number(), behind.chassis(), behind.functions().reversed());
    drcTables(node, behind.chassis());
  }

  /** The hot-plug connectors of a bus, if the vPHB lists them. */
  void drcTables(Node node, int chassis) {
    if (!(vphb.binding() instanceof VphbBinding.Complete complete) || !complete.drcTables()) {
      return;
    }
    DrcTables tables = new DrcTables(256);
    for (int devfn = 0; devfn < 256; devfn++) {
      tables.add(drcIndex(vphb.index(), chassis, devfn), "28");
    }
    tables.write(node);
  }
}
