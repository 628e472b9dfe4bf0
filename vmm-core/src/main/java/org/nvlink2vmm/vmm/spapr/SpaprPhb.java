package org.nvlink2vmm.vmm.spapr;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.nvlink2vmm.dt.spapr.MachineType;
import org.nvlink2vmm.dt.spapr.NvlinkLayout;
import org.nvlink2vmm.dt.spapr.NvlinkMapping;
import org.nvlink2vmm.dt.spapr.VphbBinding;
import org.nvlink2vmm.dt.spapr.VphbDescription;
import org.nvlink2vmm.dt.spapr.VphbPlacement;
import org.nvlink2vmm.vmm.device.HostBridgeReset;
import org.nvlink2vmm.vmm.device.NvlinkFacet;
import org.nvlink2vmm.vmm.irq.InterruptController;
import org.nvlink2vmm.vmm.irq.InterruptLine;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.pci.PciBridge;
import org.nvlink2vmm.vmm.pci.PciBus;
import org.nvlink2vmm.vmm.pci.PciRegs;
import org.nvlink2vmm.vmm.pci.PciRoot;
import org.nvlink2vmm.vmm.pci.PciWindows;
import org.nvlink2vmm.vmm.vfio.RegionMemory;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPci;

/** A virtual PCI host bridge of PAPR: windows, bus 0, the NVLink regions of its devices. */
public final class SpaprPhb {
  /** The binding that its node has, and so its windows. */
  private static final VphbBinding.Complete BINDING = VphbBinding.COMPLETE;

  private final int index;
  private final boolean eeh;
  private final AddressSpace memory;
  private final VphbPlacement placement;
  private final PciWindows windows;
  private final PciRoot root;
  private final Map<String, VphbDevice> devices = new LinkedHashMap<>();
  private final List<MemoryRegion> nvlinkRegions = new ArrayList<>();
  private final PhbInterrupts interrupts;
  private final DmaWindows dma;
  private final EehState errors = new EehState(this);

  /** Which bus and device number a secondary bus is behind. */
  private final Map<PciBus, Upstream> upstream = new HashMap<>();

  private record Upstream(PciBus bus, int device) {}

  /**
   * A host bridge without devices; its windows are placed at once.
   *
   * @param eeh whether all its devices are one IOMMU group, so that error handling is available
   */
  SpaprPhb(int index, boolean eeh, AddressSpace memory, MsiNumbers numbers) {
    this.index = index;
    this.eeh = eeh;
    this.memory = memory;
    this.placement = VphbPlacement.of(index);
    this.interrupts = new PhbInterrupts(placement, numbers);
    this.dma = new DmaWindows(placement, memory, BINDING);
    this.windows =
        new PciWindows(
            memory,
            window("io", 0, VphbPlacement.PIO_SIZE),
            window("mem32", VphbPlacement.MMIO32_BUS, VphbPlacement.MMIO32_SIZE),
            window("mem64", placement.mmio64Window(), VphbPlacement.MMIO64_SIZE));
    this.root = new PciRoot(new PciBus("vphb" + index, windows));
    try (MemoryTransaction change = memory.change()) {
      change
          .map(memory.root(), placement.pioWindow(), windows.io().container())
          .map(memory.root(), placement.mmio32Window(), windows.memory().container())
          .map(memory.root(), placement.mmio64Window(), windows.memory64().container());
    }
  }

  private PciWindows.Window window(String kind, long base, long size) {
    return new PciWindows.Window(
        base, new MemoryRegion.Container("vphb" + index + "-" + kind, size));
  }

  public int index() {
    return index;
  }

  /** The bus unit id by which RTAS calls name it. */
  public long buid() {
    return placement.buid();
  }

  /** Configuration accesses and bus 0. */
  public PciRoot root() {
    return root;
  }

  /** Its devices, behind bridges too, in the order in which they were plugged. */
  public Collection<VphbDevice> devices() {
    return Collections.unmodifiableCollection(devices.values());
  }

  /**
   * Plugs a device into a bus of this host bridge.
   *
   * @throws IllegalArgumentException when the place is taken; the message names both devices
   */
  public void plug(PciBus bus, int devfn, VphbDevice device) {
    bus.add(devfn, device.function());
    devices.put(device.id(), device);
  }

  /**
   * Gives a function that was plugged its way to guest memory and to the interrupt controller.
   *
   * @throws VfioException when the device refuses
   */
  public void wire(PciBus bus, int devfn, VfioPci function) {
    function.attach(dma.join(function.id(), function::busMaster));
    // A function without a pin may send messages.
    int pin = Math.clamp(function.config().read(PciRegs.INTERRUPT_PIN, 1), 1, 4);
    function.connect(interrupts.line(line(bus, devfn >> 3, pin)), interrupts);
  }

  /** The line of a pin: rotated by device number, at each bridge on the way too. */
  private int line(PciBus bus, int device, int pin) {
    int line = InterruptLine.swizzle(device, pin);
    Upstream above = upstream.get(bus);
    return above == null ? line : line(above.bus(), above.device(), line + 1);
  }

  /** Says where the interrupts of its devices go. */
  public void connect(InterruptController controller) {
    interrupts.connect(controller);
  }

  PhbInterrupts interrupts() {
    return interrupts;
  }

  /** The windows through which its devices reach guest memory. */
  public DmaWindows dma() {
    return dma;
  }

  /**
   * Says who resets its devices, which are functions of a host, when the guest's error handling
   * asks for it (VFIO_EEH_PE_OP); without it, they are reset one by one.
   */
  public void resetThrough(Consumer<HostBridgeReset> reset) {
    errors.resetThrough(reset);
  }

  EehState errors() {
    return errors;
  }

  boolean eeh() {
    return eeh;
  }

  /** Plugs a PCI bridge and returns the bus behind it. */
  public PciBus plugBridge(PciBus bus, int devfn, String id) {
    PciBridge bridge = new PciBridge(id, windows);
    bus.add(devfn, bridge);
    upstream.put(bridge.secondary(), new Upstream(bus, devfn >> 3));
    return bridge.secondary();
  }

  /** Resets all functions and numbers the buses as firmware does. */
  void reset() {
    root.bus().reset();
    root.numberBuses();
    interrupts.reset();
    dma.reset();
    errors.clear();
  }

  VphbDescription description(MachineType machineType) {
    return VphbDescription.of(
        index, machineType, eeh, new FunctionDescriptions(devices).of(root.bus()));
  }

  /**
   * Maps GPU memory and launch registers where the layout has them, in place of what was mapped.
   */
  void map(NvlinkLayout layout) {
    try (MemoryTransaction change = memory.change()) {
      nvlinkRegions.forEach(region -> change.unmap(memory.root(), region));
      nvlinkRegions.clear();
      for (NvlinkMapping mapping : layout.mappings()) {
        MemoryRegion region = region(devices.get(mapping.function().function().id()));
        nvlinkRegions.add(region);
        change.map(memory.root(), mapping.gpa(), region);
      }
    }
  }

  private static MemoryRegion region(VphbDevice device) {
    int index =
        switch (device.nvlink().orElseThrow()) {
          case NvlinkFacet.GpuRam ram -> ram.region();
          case NvlinkFacet.AtsdLink link -> link.region().orElseThrow();
        };
    VfioDevice opened = device.device();
    return RegionMemory.of(opened, opened.regionInfo(index), device.id() + "-region" + index);
  }
}
