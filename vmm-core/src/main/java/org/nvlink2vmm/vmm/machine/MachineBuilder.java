package org.nvlink2vmm.vmm.machine;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostPciFunction;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.dt.spapr.LocationCode;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.device.NvlinkFacet;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.host.KvmAttachment;
import org.nvlink2vmm.vmm.machine.MachineFile.Device;
import org.nvlink2vmm.vmm.machine.MachineFile.Source;
import org.nvlink2vmm.vmm.machine.MachineFile.Vphb;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.pci.PciBus;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;
import org.nvlink2vmm.vmm.spapr.SpaprPhb;
import org.nvlink2vmm.vmm.spapr.VphbDevice;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPci;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;

/** Opens the devices of a machine file and plugs them in. */
final class MachineBuilder {
  /** The partition id of the one guest; 0 is the host itself. */
  static final int LPID = 1;

  private final MachineFile file;
  private final PluginCatalogue plugins;
  private final VfioPciTrace trace;
  private final Optional<PowernvTree> tree;
  private final List<Vphb> vphbs;
  private final Optional<EmulatedHost> host;

  MachineBuilder(MachineFile file, PluginCatalogue plugins, VfioPciTrace trace) {
    this.file = file;
    this.trace = trace;
    this.plugins = plugins;
    this.tree = file.host().map(section -> HostTreeFile.read(file, section.tree()));
    this.vphbs = file.vphbs().orElseGet(() -> AutomaticVphbs.of(file.name(), tree.orElseThrow()));
    this.host = tree.map(this::host);
  }

  SpaprMachine spapr() {
    MachineFile.Guest guest = file.guest();
    return new SpaprMachine(
        new SpaprMachine.Setup(
            guest.compat(), guest.machineType(), guest.affinity(), guest.memory(), guest.cpus()));
  }

  Optional<EmulatedHost> host() {
    return host;
  }

  private EmulatedHost host(PowernvTree powernv) {
    Map<HostBdf, DeviceOptions> options = new HashMap<>();
    vphbs.forEach(vphb -> collectOptions(vphb.devices(), options));
    return EmulatedHost.builder(powernv)
        .plugins(plugins.plugins())
        .abi(file.host().orElseThrow().abi())
        .trace(trace)
        .options(
            function -> options.getOrDefault(function, DeviceOptions.none(function.toString())))
        .build();
  }

  private static void collectOptions(List<Device> devices, Map<HostBdf, DeviceOptions> options) {
    for (Device device : devices) {
      switch (device.source()) {
        case Source.FromHost from -> options.put(from.function(), device.options());
        case Source.BridgeTo bridge -> collectOptions(bridge.devices(), options);
        default -> {}
      }
    }
  }

  void plugInto(Machine machine) {
    for (Vphb vphb : vphbs) {
      attachKvm(vphb.devices());
      SpaprPhb phb =
          machine.spapr().addPhb(vphb.index(), vphb.eeh().orElseGet(() -> oneGroup(vphb)));
      plug(machine, phb, phb.root().bus(), vphb.devices());
      hostFunctions(vphb)
          .findFirst()
          .ifPresent(member -> phb.resetThrough(kind -> host.orElseThrow().resetPe(member, kind)));
    }
  }

  /**
   * KVM learns of a group before its devices are opened; an attachment after that has no effect.
   */
  private void attachKvm(List<Device> devices) {
    for (Device device : devices) {
      switch (device.source()) {
        case Source.FromHost from ->
            host.orElseThrow().group(from.function()).attach(new KvmAttachment(LPID));
        case Source.BridgeTo bridge -> attachKvm(bridge.devices());
        default -> {}
      }
    }
  }

  /** EEH needs all VFIO devices of a vPHB in one IOMMU group. */
  private boolean oneGroup(Vphb vphb) {
    return hostFunctions(vphb)
            .map(function -> host.orElseThrow().group(function).number())
            .distinct()
            .count()
        <= 1;
  }

  private static Stream<HostBdf> hostFunctions(Vphb vphb) {
    return vphb.devices().stream()
        .map(Device::source)
        .filter(Source.FromHost.class::isInstance)
        .map(source -> ((Source.FromHost) source).function());
  }

  private void plug(Machine machine, SpaprPhb phb, PciBus bus, List<Device> devices) {
    for (Device device : devices) {
      int devfn = device.slot() << 3 | device.function();
      if (device.source() instanceof Source.BridgeTo(List<Device> behind)) {
        plug(machine, phb, phb.plugBridge(bus, devfn, device.id()), behind);
      } else {
        open(machine, device).ifPresent(opened -> plug(machine, phb, bus, devfn, device, opened));
      }
    }
  }

  private void plug(
      Machine machine, SpaprPhb phb, PciBus bus, int devfn, Device device, VfioDevice opened) {
    VfioPci function = new VfioPci(opened);
    VphbDevice plugged =
        new VphbDevice(function, opened, mapped(machine, device, opened), location(device));
    phb.plug(bus, devfn, plugged);
    try {
      phb.wire(bus, devfn, function);
    } catch (VfioException e) {
      machine.remark(
          "%s: goes without interrupts: -%s: %s".formatted(device.id(), e.errno(), e.getMessage()));
    }
    machine.add(plugged, device.source());
  }

  /**
   * What the device is on NVLink, with its region mapped as QEMU does at realize: once and as a
   * whole. Where the mapping fails the device stays, without NVLink (hw/vfio/pci-quirks.c).
   */
  private Optional<NvlinkFacet> mapped(Machine machine, Device device, VfioDevice opened) {
    Optional<NvlinkFacet> facet = nvlink(opened);
    if (facet.isEmpty()) {
      return facet;
    }
    boolean gpu = facet.get() instanceof NvlinkFacet.GpuRam;
    OptionalInt index =
        switch (facet.get()) {
          case NvlinkFacet.GpuRam ram -> OptionalInt.of(ram.region());
          case NvlinkFacet.AtsdLink link -> link.region();
        };
    try {
      if (index.isPresent() && opened.regionInfo(index.getAsInt()).has(RegionInfo.MMAP)) {
        opened.mmap(index.getAsInt(), 0, opened.regionInfo(index.getAsInt()).size());
      }
      return facet;
    } catch (VfioException e) {
      machine.remark(
          "%s: Failed to setup %s: -%s: %s"
              .formatted(
                  device.id(),
                  gpu ? "NVIDIA V100 GPU RAM" : "NVlink2 bridge",
                  e.errno(),
                  e.getMessage()));
      return Optional.empty();
    }
  }

  private Optional<NvlinkFacet> nvlink(VfioDevice device) {
    for (DevicePlugin plugin : plugins.plugins()) {
      Optional<NvlinkFacet> facet = plugin.nvlink(device);
      if (facet.isPresent()) {
        return facet;
      }
    }
    return Optional.empty();
  }

  private Optional<VfioDevice> open(Machine machine, Device device) {
    try {
      return Optional.of(open(device));
    } catch (VfioException e) {
      machine.fail(
          new Machine.Failure(
              device.id(),
              e.errno(),
              "%s (%s): -%s: %s"
                  .formatted(device.id(), text(device.source()), e.errno(), e.getMessage())));
      return Optional.empty();
    }
  }

  private VfioDevice open(Device device) {
    return switch (device.source()) {
      case Source.FromHost from -> openHost(device, from.function());
      case Source.Described described ->
          plugins
              .find(device.plugin())
              .orElseThrow()
              .described(device.id(), described.description(), device.options());
      case Source.FromSocket socket -> openSocket(device, socket.path());
      case Source.BridgeTo _ -> throw new IllegalStateException(device.id() + " is no device");
    };
  }

  private VfioDevice openHost(Device device, HostBdf function) {
    if (function(function).isEmpty()) {
      throw new ConfigError(
          device.place() + ".host", function + ", which the host tree has not", "one that it has");
    }
    return host.orElseThrow().open(function, device.id());
  }

  /** A path that is not absolute counts from the working directory. */
  private static VfioDevice openSocket(Device device, String path) {
    try {
      return VfioUserDevice.connect(Path.of(path), device.id(), VfioUserDevice.DEFAULT_TIMEOUT);
    } catch (InvalidPathException e) {
      throw new ConfigError(device.place() + ".socket", '"' + path + '"', "the path of a socket");
    } catch (NativeException e) {
      throw new VfioException(Errno.of(e.errno()), e.getMessage(), e);
    }
  }

  private Optional<HostPciFunction> function(HostBdf function) {
    return tree.flatMap(host -> host.function(function));
  }

  /** The host node's own location code, as QEMU's vfio-pci takes it from sysfs. */
  private LocationCode location(Device device) {
    Optional<String> code =
        device.source() instanceof Source.FromHost(HostBdf function)
            ? function(function).flatMap(HostPciFunction::locCode)
            : Optional.empty();
    return code.<LocationCode>map(LocationCode.Fixed::new)
        .orElseGet(() -> LocationCode.vfio("vfio-pci"));
  }

  /** A source, for people. */
  static String text(Source source) {
    return switch (source) {
      case Source.FromHost from -> from.function().toString();
      case Source.Described _ -> "described";
      case Source.FromSocket socket -> Objects.toString(socket.path());
      case Source.BridgeTo _ -> "bridge";
    };
  }
}
