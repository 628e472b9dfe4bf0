package org.nvlink2vmm.vmm.host;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.device.SubdriverRegion;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.IntxGate;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionAccess;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.SharedArea;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfio.state.SavableDevice;

/**
 * A function that vfio-pci has enabled: what all opened files of it share, between the first open
 * and the last close (Linux drivers/vfio/pci/vfio_pci.c, struct vfio_pci_device).
 */
final class OpenFunction {
  private static final int READ_WRITE = RegionInfo.READ | RegionInfo.WRITE;

  private final HostFunction function;
  private final HostBdf address;
  private final HostAbi abi;
  private final int pageSize;
  private final boolean resettable;
  private final boolean busReset;
  private final VirtualConfig config;
  private final RegionBacking[] bars = new RegionBacking[6];
  private final long[] barSizes = new long[6];
  private final List<SubdriverRegion> specific = new ArrayList<>();
  private final Set<LiveMapping> mappings = ConcurrentHashMap.newKeySet();
  private final IntxGate interrupts = new IntxGate();
  private final Optional<Migratable> migration;
  private volatile List<RegionInfo> infos = List.of();

  /** The function as the driver takes it: reset, enabled, its configuration space read. */
  OpenFunction(HostFunction function, HostAbi abi, int pageSize, boolean aloneOnBus) {
    this.function = function;
    this.address = function.address();
    this.abi = abi;
    this.pageSize = pageSize;
    boolean functionReset = function.functionReset();
    busReset = !functionReset && aloneOnBus;
    if (busReset) {
      function.busReset();
    }
    resettable = functionReset || busReset;
    config = new VirtualConfig(function);
    config.intx(interrupts);
    for (HostFunction.HostBar bar : function.bars()) {
      bars[bar.index()] = bar.backing();
      barSizes[bar.index()] = bar.size();
    }
    function.connect(interrupts);
    migration = function.state().map(own -> new SavableDevice(new FunctionState(own, config)));
  }

  /** vfio_pci_register_dev_region. */
  void register(SubdriverRegion region) {
    specific.add(region);
  }

  /** The last step of enabling: from here on the region table stands. */
  void enabled() {
    List<RegionInfo> table = new ArrayList<>();
    for (int index = 0; index < VfioPciIndex.NUM_REGIONS + specific.size(); index++) {
      table.add(describe(index));
    }
    infos = List.copyOf(table);
  }

  private RegionInfo describe(int index) {
    long offset = VfioPciIndex.fileOffset(index);
    if (index >= VfioPciIndex.NUM_REGIONS) {
      SubdriverRegion region = specific.get(index - VfioPciIndex.NUM_REGIONS);
      List<RegionCapability> chain = new ArrayList<>();
      chain.add(region.type());
      chain.addAll(region.capabilities());
      return new RegionInfo(index, region.flags(), region.size(), offset, chain);
    }
    if (index == VfioPciIndex.CONFIG_REGION) {
      return new RegionInfo(index, READ_WRITE, config.size(), offset, List.of());
    }
    if (index > VfioPciIndex.BAR5_REGION || barSizes[index] == 0) {
      return new RegionInfo(index, 0, 0, offset, List.of());
    }
    List<RegionCapability> chain =
        index == config.msixBar() ? List.of(new RegionCapability.MsixMappable()) : List.of();
    return new RegionInfo(index, READ_WRITE | RegionInfo.MMAP, barSizes[index], offset, chain);
  }

  /** vfio_pci_disable: regions are released in index order, the function is reset and left. */
  void disable() {
    migration.ifPresent(savable -> savable.running(true));
    interrupts.connect(InterruptSink.NONE);
    mappings.forEach(LiveMapping::close);
    specific.forEach(SubdriverRegion::release);
    function.connect(InterruptSink.NONE);
    function.attach(DmaSpace.NONE);
    if (resettable) {
      config.keepingState(this::resetFunction);
    }
  }

  private void resetFunction() {
    if (busReset) {
      function.busReset();
    } else {
      function.functionReset();
    }
  }

  DeviceInfo info() {
    int flags = DeviceInfo.PCI | (resettable ? DeviceInfo.RESET : 0);
    return new DeviceInfo(flags, infos.size(), VfioPciIndex.NUM_IRQS);
  }

  RegionInfo regionInfo(int index) {
    if (!exists(index)) {
      throw new VfioException(Errno.EINVAL, address + " has no region " + index);
    }
    return infos.get(index);
  }

  private boolean exists(int index) {
    return index >= 0 && index < infos.size() && index != VfioPciIndex.VGA_REGION;
  }

  IrqInfo irqInfo(int index) {
    int count =
        switch (index) {
          case VfioPciIndex.INTX_IRQ -> config.hasPin() ? 1 : 0;
          case VfioPciIndex.MSI_IRQ -> config.msiVectors();
          case VfioPciIndex.MSIX_IRQ -> config.msixVectors();
          case VfioPciIndex.ERR_IRQ -> config.isPciExpress() ? 1 : -1;
          case VfioPciIndex.REQ_IRQ -> 1;
          default -> -1;
        };
    if (count < 0) {
      throw new VfioException(Errno.EINVAL, address + " has no interrupt index " + index);
    }
    return IrqInfo.ofPci(index, count);
  }

  RegionBacking backing(int index) {
    RegionInfo info = regionInfo(index);
    if (index >= VfioPciIndex.NUM_REGIONS) {
      return specific.get(index - VfioPciIndex.NUM_REGIONS).backing();
    }
    if (index == VfioPciIndex.CONFIG_REGION) {
      return new RegionBacking.Trapped(AccessRules.PCI_BAR, config);
    }
    return info.size() == 0 ? new RegionBacking.None() : bars[index];
  }

  /** Parts of a subdriver's region that another process could map; for others none are asked. */
  List<SharedArea> shareable(int index) {
    return regionInfo(index).index() < VfioPciIndex.NUM_REGIONS
        ? List.of()
        : specific.get(index - VfioPciIndex.NUM_REGIONS).shareable();
  }

  long read(int index, long offset, MemorySegment target) {
    if (!exists(index)) {
      return -Errno.EINVAL.number();
    }
    if (index >= VfioPciIndex.NUM_REGIONS) {
      return specific.get(index - VfioPciIndex.NUM_REGIONS).read(offset, target);
    }
    if (index == VfioPciIndex.CONFIG_REGION) {
      return config.read(offset, target);
    }
    long refused = barRefusal(index, offset, target.byteSize());
    if (refused != 0) {
      return refused;
    }
    if (index == config.msixBar()) {
      return MsixTable.read(bars[index], barSizes[index], config, offset, target);
    }
    return RegionAccess.read(bars[index], barSizes[index], RegionAccess.BAR_WIDTH, offset, target);
  }

  long write(int index, long offset, MemorySegment source) {
    if (!exists(index)) {
      return -Errno.EINVAL.number();
    }
    if (index >= VfioPciIndex.NUM_REGIONS) {
      return specific.get(index - VfioPciIndex.NUM_REGIONS).write(offset, source);
    }
    if (index == VfioPciIndex.CONFIG_REGION) {
      return config.write(offset, source);
    }
    if (index == VfioPciIndex.ROM_REGION) {
      return source.byteSize() == 0 ? 0 : -Errno.EINVAL.number();
    }
    long refused = barRefusal(index, offset, source.byteSize());
    if (refused != 0) {
      return refused;
    }
    if (index == config.msixBar()) {
      return MsixTable.write(bars[index], barSizes[index], config, offset, source);
    }
    return RegionAccess.write(bars[index], barSizes[index], RegionAccess.BAR_WIDTH, offset, source);
  }

  /** The range rule first, then, since 5.8, EIO while memory decode is off. */
  private long barRefusal(int index, long offset, long count) {
    long size = index <= VfioPciIndex.BAR5_REGION ? barSizes[index] : 0;
    long clipped = RegionAccess.clip(size, offset, count);
    if (clipped < 0) {
      return clipped;
    }
    return clipped > 0 && decodeOff() ? -Errno.EIO.number() : 0;
  }

  private boolean decodeOff() {
    return abi.since(8) && !config.memoryEnabled();
  }

  RegionMapping mmap(int index, MmapRange range) {
    if (index >= VfioPciIndex.NUM_REGIONS) {
      RegionInfo info = regionInfo(index);
      if (!info.has(RegionInfo.MMAP)) {
        throw new VfioException(Errno.EINVAL, address + ": region " + index + " cannot be mapped");
      }
      return live(specific.get(index - VfioPciIndex.NUM_REGIONS).mmap(range));
    }
    RegionInfo info = regionInfo(index);
    range.requireMappable(address.toString(), info);
    return live(new BarMapping(range, range.part(bars[index])));
  }

  private RegionMapping live(RegionMapping mapping) {
    LiveMapping live = new LiveMapping(mapping);
    mappings.add(live);
    return live;
  }

  int liveMappings() {
    return mappings.size();
  }

  void connect(InterruptSink sink) {
    config.msiInUse(config.msiVectors() > 0 && !sink.equals(InterruptSink.NONE));
    interrupts.connect(sink);
  }

  void maskIntx(boolean masked) {
    interrupts.mask(masked);
  }

  void attach(DmaSpace memory) {
    function.attach(memory);
  }

  Optional<Migratable> migration() {
    return migration;
  }

  void reset() {
    if (!resettable) {
      throw new VfioException(Errno.EINVAL, address + " cannot be reset");
    }
    config.keepingState(this::resetFunction);
  }

  /** The reset of the bus the function is on, as part of a hot reset. */
  void hotReset() {
    config.keepingState(function::busReset);
  }

  int pageSize() {
    return pageSize;
  }

  /** A mapping that the function knows of until it ends. */
  private final class LiveMapping implements RegionMapping {
    private final RegionMapping mapping;

    LiveMapping(RegionMapping mapping) {
      this.mapping = mapping;
    }

    @Override
    public long hva() {
      return mapping.hva();
    }

    @Override
    public long length() {
      return mapping.length();
    }

    @Override
    public RegionBacking backing() {
      if (!mappings.contains(this)) {
        throw new VfioException(Errno.EBADF, address + ": the mapping has ended");
      }
      return mapping.backing();
    }

    @Override
    public int touch(long offset) {
      boolean inside = offset >= 0 && offset < mapping.length() && mappings.contains(this);
      return inside ? mapping.touch(offset) : FAULT_SIGBUS;
    }

    @Override
    public void close() {
      if (mappings.remove(this)) {
        mapping.close();
      }
    }
  }

  /** A mapped BAR; since 5.8 a page of it faults in only while memory decode is on. */
  private final class BarMapping implements RegionMapping {
    private final MmapRange range;
    private final RegionBacking backing;

    BarMapping(MmapRange range, RegionBacking backing) {
      this.range = range;
      this.backing = backing;
    }

    @Override
    public long hva() {
      return backing instanceof RegionBacking.Direct direct ? direct.segment().address() : 0;
    }

    @Override
    public long length() {
      return range.length();
    }

    @Override
    public RegionBacking backing() {
      return backing;
    }

    @Override
    public int touch(long offset) {
      return decodeOff() ? FAULT_SIGBUS : FAULT_NOPAGE;
    }

    @Override
    public void close() {}
  }
}
