package org.nvlink2vmm.vmm.spapr;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nvlink2vmm.dt.spapr.AtsdFacts;
import org.nvlink2vmm.dt.spapr.GpuRamFacts;
import org.nvlink2vmm.dt.spapr.LocationCode;
import org.nvlink2vmm.dt.spapr.NvlinkFacts;
import org.nvlink2vmm.dt.spapr.PciBar;
import org.nvlink2vmm.dt.spapr.PciConfigFacts;
import org.nvlink2vmm.dt.spapr.PciFunctionDescription;
import org.nvlink2vmm.dt.spapr.SecondaryBus;
import org.nvlink2vmm.vmm.device.NvlinkFacet;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.Bar;
import org.nvlink2vmm.vmm.pci.PciBridge;
import org.nvlink2vmm.vmm.pci.PciBus;
import org.nvlink2vmm.vmm.pci.PciCapability;
import org.nvlink2vmm.vmm.pci.PciFunction;
import org.nvlink2vmm.vmm.pci.PciRegs;

/** Reads off a bus what the device tree tells of its functions: config space, BARs, NVLink. */
final class FunctionDescriptions {
  /** Message Control of the MSI capability: log2 of the vectors wanted in bits 3:1. */
  private static final int MSI_FLAGS = 2;

  /** Message Control of the MSI-X capability: the number of entries less one in bits 10:0. */
  private static final int MSIX_FLAGS = 2;

  /** QEMU's name for a bridge of its own, which its location code carries. */
  private static final String BRIDGE = "pci-bridge";

  private static final int MIN_GRANT = 0x3e;
  private static final int MAX_LATENCY = 0x3f;

  private final Map<String, VphbDevice> devices;
  private int lastBus;

  /**
   * @param devices the devices by id; other functions are the machine's own bridges
   */
  FunctionDescriptions(Map<String, VphbDevice> devices) {
    this.devices = devices;
  }

  List<PciFunctionDescription> of(PciBus bus) {
    List<PciFunctionDescription> descriptions = new ArrayList<>();
    for (PciBus.Slot slot : bus.functions()) {
      descriptions.add(describe(slot.devfn(), slot.function()));
    }
    return descriptions;
  }

  private PciFunctionDescription describe(int devfn, PciFunction function) {
    VphbDevice device = devices.get(function.id());
    MmioHandler config = function.config();
    PciFunctionDescription.Builder description =
        PciFunctionDescription.builder(function.id(), devfn >> 3, devfn & 7)
            .config(facts(config))
            .bars(function.bars().stream().map(FunctionDescriptions::bar).toList())
            .msiVectors(msiVectors(config))
            .msixEntries(msixEntries(config))
            .extendedConfig(function.configSize() > PciRegs.CFG_SPACE_SIZE);
    if (device != null) {
      description
          .locationCode(device.locationCode())
          .nvlink(device.nvlink().map(FunctionDescriptions::nvlink).orElse(NvlinkFacts.NONE));
    } else {
      description.locationCode(LocationCode.emulated(BRIDGE));
    }
    if (function instanceof PciBridge bridge) {
      int number = ++lastBus;
      description.behind(new SecondaryBus(number, 0, of(bridge.secondary())));
    }
    return description.build();
  }

  private static PciConfigFacts facts(MmioHandler config) {
    boolean bridge =
        (read(config, PciRegs.HEADER_TYPE, 1) & ~PciRegs.HEADER_MULTI_FUNCTION)
            == PciRegs.HEADER_TYPE_BRIDGE;
    return new PciConfigFacts(
        read(config, PciRegs.VENDOR_ID, 2),
        read(config, PciRegs.DEVICE_ID, 2),
        read(config, PciRegs.STATUS, 2),
        read(config, PciRegs.REVISION_ID, 1),
        read(config, PciRegs.REVISION_ID, 4) >>> 8,
        read(config, PciRegs.CACHE_LINE_SIZE, 1),
        read(config, PciRegs.HEADER_TYPE, 1),
        bridge ? 0 : read(config, PciRegs.SUBSYSTEM_VENDOR_ID, 2),
        bridge ? 0 : read(config, PciRegs.SUBSYSTEM_ID, 2),
        read(config, PciRegs.INTERRUPT_PIN, 1),
        read(config, MIN_GRANT, 1),
        read(config, MAX_LATENCY, 1));
  }

  private static int read(MmioHandler config, int offset, int size) {
    return (int) config.read(offset, size);
  }

  private static PciBar bar(Bar bar) {
    PciBar.Kind kind =
        switch (bar.kind()) {
          case IO -> PciBar.Kind.IO;
          case MEM32 -> PciBar.Kind.MEMORY_32;
          case MEM64 -> PciBar.Kind.MEMORY_64;
        };
    return new PciBar(bar.index(), kind, bar.size());
  }

  private static int msiVectors(MmioHandler config) {
    return PciCapability.find(config, PciRegs.CAP_ID_MSI)
        .map(msi -> 1 << (read(config, msi.offset() + MSI_FLAGS, 2) >> 1 & 7))
        .orElse(0);
  }

  private static int msixEntries(MmioHandler config) {
    return PciCapability.find(config, PciRegs.CAP_ID_MSIX)
        .map(msix -> (read(config, msix.offset() + MSIX_FLAGS, 2) & 0x7ff) + 1)
        .orElse(0);
  }

  private static NvlinkFacts nvlink(NvlinkFacet facet) {
    return switch (facet) {
      case NvlinkFacet.GpuRam ram -> new GpuRamFacts(ram.tgt(), ram.size());
      case NvlinkFacet.AtsdLink link -> new AtsdFacts(link.tgt(), link.linkSpeed(), link.size());
    };
  }
}
