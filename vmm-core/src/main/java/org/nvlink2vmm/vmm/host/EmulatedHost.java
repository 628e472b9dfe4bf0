package org.nvlink2vmm.vmm.host;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.dt.powernv.HostNpu;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.ats.NpuErrors;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.device.HostBridgeReset;
import org.nvlink2vmm.vmm.device.HostContext;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.device.HostHardware;
import org.nvlink2vmm.vmm.device.HostSubdriver;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.trace.AccessCounts;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * A host: hardware as its device tree says, from the plug-ins, and a kernel that gives functions to
 * user space through VFIO.
 *
 * <p>Close the devices first, then the host.
 */
public final class EmulatedHost implements HostContext, AutoCloseable {
  /** POWER9's 51 bits of real addresses fit. */
  private static final long PHYSICAL_SIZE = 1L << 56;

  /** PAGE_SIZE of the hosts and guests meant. */
  private static final int PAGE_SIZE = 1 << 16;

  /** Registers without a model that are told apart. */
  private static final int COUNTED_REGISTERS = 1 << 10;

  private final PowernvTree tree;
  private final Function<HostBdf, DeviceOptions> options;
  private final AccessCounts counts = new AccessCounts(COUNTED_REGISTERS);
  private final AddressSpace physical = new AddressSpace("host", PHYSICAL_SIZE);
  private final List<HostHardware> hardware = new ArrayList<>();
  private final List<HostSubdriver> subdrivers = new ArrayList<>();
  private final Map<HostBdf, IommuGroup> groups = new HashMap<>();
  private final Map<HostBdf, Enabled> enabled = new LinkedHashMap<>();
  private final ConcurrentLinkedQueue<String> log = new ConcurrentLinkedQueue<>();
  private final LparContexts contexts = new LparContexts(this::npuOf);
  private final HostResets resets;
  private final HostKernel kernel;
  private int groupCount;
  private boolean closed;

  /** A function in use, and by how many files. */
  private static final class Enabled {
    final OpenFunction function;
    final IommuGroup group;
    int files;

    Enabled(OpenFunction function, IommuGroup group) {
      this.function = function;
      this.group = group;
    }
  }

  private EmulatedHost(Builder builder) {
    tree = builder.tree;
    options = builder.options;
    resets =
        new HostResets(
            tree,
            hardware,
            function -> Optional.ofNullable(enabled.get(function)).map(one -> one.function));
    Consumer<String> logger = line -> log(builder.log, line);
    kernel =
        new HostKernel(
            tree,
            builder.abi,
            PAGE_SIZE,
            builder.trace,
            builder.faults,
            logger,
            new HostMemory(physical, builder.faults),
            new PinnedDeviceMemory(PAGE_SIZE),
            contexts,
            new AtomicLong(HostKernel.USER_ADDRESSES));
    try {
      for (DevicePlugin plugin : builder.plugins) {
        plugin.hardware(this).ifPresent(hardware::add);
        plugin.subdriver().ifPresent(subdrivers::add);
      }
      makeGroups();
      tree.gpus().forEach(gpu -> contexts.own("boot", gpu.bdf()));
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void log(Consumer<String> also, String line) {
    log.add(line);
    also.accept(line);
  }

  public static Builder builder(PowernvTree tree) {
    return new Builder(tree);
  }

  /** Sets a host up; all but the tree has defaults. */
  public static final class Builder {
    private final PowernvTree tree;
    private Collection<DevicePlugin> plugins = List.of();
    private HostAbi abi = HostAbi.LATEST;
    private Function<HostBdf, DeviceOptions> options =
        function -> DeviceOptions.none(function.toString());
    private VfioPciTrace trace = VfioPciTrace.NO_TEXT;
    private KernelFaults faults = KernelFaults.NONE;
    private Consumer<String> log = line -> {};

    private Builder(PowernvTree tree) {
      this.tree = Objects.requireNonNull(tree, "tree");
    }

    /** Where hardware and subdrivers come from; subdrivers are asked in this order. */
    public Builder plugins(Collection<DevicePlugin> found) {
      plugins = List.copyOf(found);
      return this;
    }

    /** Which VFIO interface the kernel speaks. */
    public Builder abi(HostAbi spoken) {
      abi = spoken;
      return this;
    }

    /** The options that the machine file gives each function. */
    public Builder options(Function<HostBdf, DeviceOptions> perFunction) {
      options = perFunction;
      return this;
    }

    public Builder trace(VfioPciTrace tracepoints) {
      trace = tracepoints;
      return this;
    }

    public Builder faults(KernelFaults injected) {
      faults = injected;
      return this;
    }

    /** Told each line of the kernel's log as it comes. */
    public Builder log(Consumer<String> lines) {
      log = lines;
      return this;
    }

    /**
     * @throws RuntimeException when a plug-in refuses its options or hardware
     */
    public EmulatedHost build() {
      return new EmulatedHost(this);
    }
  }

  private void makeGroups() {
    for (HostNpu npu : tree.npus()) {
      Set<HostBdf> gpus = new LinkedHashSet<>();
      npu.gpus().forEach(gpu -> gpus.add(gpu.bdf()));
      for (HostGpu gpu : tree.gpus()) {
        if (gpu.npu().filter(npu::equals).isPresent()) {
          gpus.add(gpu.bdf());
        }
      }
      gpus.removeIf(groups::containsKey);
      List<HostBdf> members = new ArrayList<>(gpus);
      npu.bridges().forEach(bridge -> members.add(bridge.bdf()));
      members.sort(null);
      addGroup(members, List.copyOf(gpus));
    }
  }

  private IommuGroup addGroup(List<HostBdf> members, List<HostBdf> gpus) {
    IommuGroup group = new IommuGroup(groupCount++, members, gpus, contexts);
    members.forEach(member -> groups.put(member, group));
    return group;
  }

  @Override
  public PowernvTree tree() {
    return tree;
  }

  @Override
  public AddressSpace physical() {
    return physical;
  }

  @Override
  public AccessCounts counts() {
    return counts;
  }

  @Override
  public Optional<Npu> npuOf(HostBdf gpu) {
    return hardware.stream().flatMap(one -> one.npuOf(gpu).stream()).findFirst();
  }

  @Override
  public DeviceOptions options(HostBdf function) {
    return options.apply(function);
  }

  public HostAbi abi() {
    return kernel.abi();
  }

  /** The group of a function; functions outside any NPU get one of their own when asked for. */
  public synchronized IommuGroup group(HostBdf function) {
    IommuGroup group = groups.get(function);
    return group != null ? group : addGroup(List.of(function), List.of());
  }

  /**
   * Opens a function as VFIO_GROUP_GET_DEVICE_FD does. The first opening enables the function and
   * asks the vendor's subdriver; others share it.
   *
   * @param id for people
   * @throws VfioException ENODEV for a function that does not exist; else what the subdriver
   *     answered, in one line that says what was missing. The function is then as before.
   */
  public synchronized VfioDevice open(HostBdf address, String id) {
    if (closed) {
      throw new VfioException(Errno.EBADF, "The host is closed");
    }
    Enabled one = enabled.get(address);
    if (one == null) {
      one = enable(function(address));
      enabled.put(address, one);
    }
    one.files++;
    return new DeviceFile(id, address, one.function, this);
  }

  private HostFunction function(HostBdf address) {
    return hardware.stream()
        .flatMap(one -> one.function(address).stream())
        .findFirst()
        .orElseThrow(
            () ->
                new VfioException(
                    Errno.ENODEV,
                    address + ": the host has no such function, or no plug-in models it"));
  }

  /** vfio_pci_enable. */
  private Enabled enable(HostFunction function) {
    HostBdf address = function.address();
    IommuGroup group = group(address);
    group.hold();
    OpenFunction open =
        new OpenFunction(function, kernel.abi(), kernel.pageSize(), aloneOnBus(address));
    try {
      int vendor = (int) function.config().read(0, 2);
      for (HostSubdriver subdriver : subdrivers) {
        if (subdriver.vendor() == vendor) {
          call(subdriver, new Opening(function, open, group, kernel));
        }
      }
      open.enabled();
    } catch (RuntimeException e) {
      open.disable();
      group.drop();
      throw e;
    }
    return new Enabled(open, group);
  }

  /** ENODEV means that the function is none of the subdriver's: it opens without its regions. */
  private void call(HostSubdriver subdriver, Opening opening) {
    try {
      subdriver.open(opening);
    } catch (VfioException e) {
      HostBdf address = opening.function().address();
      if (e.errno() != Errno.ENODEV) {
        String line = "%s: open fails with %s: %s".formatted(address, e.errno(), e.getMessage());
        kernel.log().accept(line);
        throw new VfioException(e.errno(), line, e);
      }
      opening.log("opens without NVLink2 regions (ENODEV): " + e.getMessage());
    }
  }

  private boolean aloneOnBus(HostBdf address) {
    return tree.functions().stream()
        .noneMatch(
            other ->
                other.bdf().domain() == address.domain()
                    && other.bdf().bus() == address.bus()
                    && !other.bdf().equals(address));
  }

  /** A file was closed: the last one disables the function. */
  void release(HostBdf address) {
    Enabled one = enabled.get(address);
    if (one != null && --one.files == 0) {
      enabled.remove(address);
      one.function.disable();
      one.group.drop();
    }
  }

  /**
   * VFIO_DEVICE_PCI_HOT_RESET: resets the bus of a function that is open, and so all its functions.
   *
   * @throws VfioException ENODEV for a function that is not open, or on a root bus, which has no
   *     bridge to reset it: an NVLink bridge has its function-level reset alone; EINVAL when
   *     another function of the bus is not open
   */
  public synchronized void hotReset(HostBdf address) {
    resets.hot(address);
  }

  /**
   * The reset of a group that a guest's error handling asks for: VFIO_EEH_PE_RESET_HOT and
   * VFIO_EEH_PE_RESET_FUNDAMENTAL (VFIO_EEH_PE_OP), which RTAS ibm,set-slot-reset leads to. GPUs
   * that are open are reset through their bus, the host bridge of the bridges as firmware does it.
   *
   * @param member any function of the group
   * @throws VfioException ENODEV for a function whose group has no PE, that is no NPU's
   */
  public synchronized void resetPe(HostBdf member, HostBridgeReset reset) {
    resets.pe(member, Optional.ofNullable(groups.get(member)), reset);
  }

  /**
   * What firmware says of the errors of the host's NPUs, as the kernel asks it: a line each (OPAL
   * calls 60 and 23).
   */
  public List<String> firmwareErrors() {
    List<String> lines = new ArrayList<>();
    for (HostNpu npu : tree.npus()) {
      npu.gpus().stream()
          .flatMap(gpu -> npuOf(gpu.bdf()).stream())
          .findFirst()
          .ifPresent(found -> lines.add(npu + " " + text(found.errors())));
    }
    return lines;
  }

  private static String text(NpuErrors errors) {
    int pe = errors.nextError();
    return pe == NpuErrors.NO_ERROR
        ? "NEXT_ERROR -> none"
        : "NEXT_ERROR -> PE#%x, FREEZE_STATUS -> %d".formatted(pe, errors.freezeStatus(pe));
  }

  /** What the kernel asked of firmware about partitions, in order; the oldest may be gone. */
  public List<OpalCall> opalCalls() {
    return contexts.calls();
  }

  /** What the hardware saw drivers do that they should not, one line each. */
  public List<String> findings() {
    return hardware.stream().flatMap(one -> one.findings().stream()).toList();
  }

  /** The kernel's log so far. */
  public List<String> log() {
    return List.copyOf(log);
  }

  /** Device memory that the process has registered. */
  public PinnedDeviceMemory pinnedMemory() {
    return kernel.pinned();
  }

  /** Kernel mappings of host memory that exist: 0 when no device is open. */
  public int kernelMappings() {
    return kernel.memory().live();
  }

  /** Mappings of regions in the process that exist: 0 when no device is open. */
  public synchronized int userMappings() {
    return enabled.values().stream().mapToInt(one -> one.function.liveMappings()).sum();
  }

  /** Functions that are open. */
  public synchronized int openFunctions() {
    return enabled.size();
  }

  /** Disables what is still open and ends the hardware. Idempotent. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    enabled.values().forEach(one -> one.function.disable());
    enabled.clear();
    hardware.reversed().forEach(HostHardware::close);
  }
}
