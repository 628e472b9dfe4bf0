package org.nvlink2vmm.vmm.machine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.guest.GuestMachine;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;
import org.nvlink2vmm.vmm.spapr.VphbDevice;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import org.nvlink2vmm.vmm.vfio.Errno;

/**
 * A machine made from its file. From file to running guest:
 *
 * <ol>
 *   <li>{@link MachineFileReader} reads the file into records, every fault with its path;
 *   <li>the host tree becomes a {@code PowernvTree}, {@code phbs: auto} a list of vPHBs;
 *   <li>{@link EmulatedHost} asks the plug-ins for the hardware that the tree names, which maps
 *       itself into the host's physical addresses;
 *   <li>the IOMMU groups learn the guest's LPID, as KVM tells them before devices are opened;
 *   <li>each device is opened: by the host's kernel with the vendor's subdriver, from its
 *       description, or over a socket: always a {@code VfioDevice};
 *   <li>the plug-ins find the NVLink regions in it by type, from the region infos alone;
 *   <li>a {@code VfioPci} makes it a function and it is plugged into its vPHB's bus;
 *   <li>{@link SpaprMachine#reset} lays NVLink out and maps GPU memory and launch registers;
 *   <li>the tree is written from the same layout and put into guest memory;
 *   <li>a {@code Guest} gets a {@link GuestMachine}: the tree's address, loads, stores, RTAS.
 * </ol>
 */
public final class Machine implements AutoCloseable {
  /** FDT_MAX_ADDR of QEMU, and room for the largest tree below it. */
  private static final long TREE_LIMIT = 0x2000_0000L;

  private static final long TREE_ROOM = 0x20_0000L;

  private final MachineFile file;
  private final SpaprMachine spapr;
  private final Optional<EmulatedHost> host;
  private final Map<String, VphbDevice> devices = new LinkedHashMap<>();
  private final Map<String, MachineFile.Source> sources = new LinkedHashMap<>();
  private final List<Failure> failures = new ArrayList<>();
  private final List<String> messages = new ArrayList<>();
  private final LowLevelErrors errors = new LowLevelErrors();

  /** A device that could not be opened; the machine goes without it. */
  public record Failure(String id, Errno errno, String line) {}

  private Machine(MachineFile file, SpaprMachine spapr, Optional<EmulatedHost> host) {
    this.file = file;
    this.spapr = spapr;
    this.host = host;
    if (file.guest().strict()) {
      npus().forEach(errors::watch);
    }
  }

  /**
   * Builds and resets a machine. A device that cannot be opened is left out and listed in {@link
   * #failures}; everything else that is wrong ends it.
   *
   * @throws ConfigError when the file asks for what there is not
   */
  public static Machine build(MachineFile file, PluginCatalogue plugins) {
    return build(file, plugins, VfioPciTrace.NO_TEXT);
  }

  /** As {@link #build(MachineFile, PluginCatalogue)}, with the host kernel's tracepoints. */
  public static Machine build(MachineFile file, PluginCatalogue plugins, VfioPciTrace trace) {
    MachineBuilder builder = new MachineBuilder(file, plugins, trace);
    Machine machine = new Machine(file, builder.spapr(), builder.host());
    try {
      builder.plugInto(machine);
      machine.host.ifPresent(host -> HostPlacement.placeRam(machine.spapr, host));
      for (int i = 0; i < file.guest().resets(); i++) {
        machine.spapr.reset();
      }
      machine.spapr.messages().forEach(message -> machine.messages.add(message.text()));
      return machine;
    } catch (RuntimeException e) {
      machine.close();
      throw e;
    }
  }

  void add(VphbDevice device, MachineFile.Source source) {
    devices.put(device.id(), device);
    sources.put(device.id(), source);
  }

  void remark(String line) {
    messages.add(line);
  }

  void fail(Failure failure) {
    failures.add(failure);
    messages.add(failure.line());
  }

  public MachineFile file() {
    return file;
  }

  public SpaprMachine spapr() {
    return spapr;
  }

  /** The emulated host, when the machine takes devices from one. */
  public Optional<EmulatedHost> host() {
    return host;
  }

  /** The devices that were opened, in the order of the file. */
  public List<VphbDevice> devices() {
    return List.copyOf(devices.values());
  }

  /** The NPUs of the host's GPUs; none without an emulated host. */
  Set<Npu> npus() {
    Set<Npu> npus = new HashSet<>();
    host.ifPresent(
        found -> found.tree().gpus().forEach(gpu -> found.npuOf(gpu.bdf()).ifPresent(npus::add)));
    return npus;
  }

  LowLevelErrors errors() {
    return errors;
  }

  /** Where a device comes from, for people. */
  public String sourceOf(String id) {
    return MachineBuilder.text(sources.get(id));
  }

  /** The host function that a device was opened from; empty for other sources. */
  Optional<HostBdf> hostFunction(String id) {
    return sources.get(id) instanceof MachineFile.Source.FromHost(HostBdf function)
        ? Optional.of(function)
        : Optional.empty();
  }

  public List<Failure> failures() {
    return Collections.unmodifiableList(failures);
  }

  /** What was remarked while the machine was built and reset, one line each. */
  public List<String> messages() {
    return Collections.unmodifiableList(messages);
  }

  /** Puts the tree into guest memory and hands out what a guest may touch. */
  public GuestMachine boot() {
    DeviceTree tree = spapr.tree(SpaprMachine.Boot.NONE);
    long gpa = Math.min(spapr.setup().memory().getFirst(), TREE_LIMIT) - TREE_ROOM;
    MemorySegment room =
        spapr
            .memory()
            .segment(gpa, TREE_ROOM)
            .orElseThrow(() -> new IllegalStateException("no RAM for the tree"));
    FdtWriter.write(tree, room);
    return new BootedGuest(this, gpa);
  }

  @Override
  public void close() {
    devices.values().forEach(device -> device.device().close());
    host.ifPresent(EmulatedHost::close);
    spapr.close();
  }
}
