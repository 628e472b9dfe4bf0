package org.nvlink2vmm.vmm.vfio;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.trace.AccessCounts;
import org.nvlink2vmm.vmm.vfio.state.DeviceState;
import org.nvlink2vmm.vmm.vfio.state.SavableDevice;

/**
 * A VFIO device put together from its regions, without a host kernel: for devices that a machine
 * file describes directly, and for whoever brings a device of their own.
 *
 * <p>Regions follow the rules that vfio-pci has for all: range checks, mapping only with {@link
 * RegionInfo#MMAP}, offset and length bounded by the page-aligned size.
 */
public final class DirectDevice implements VfioDevice {
  private static final RegionBacking NOTHING = new RegionBacking.None();

  private record Region(RegionInfo info, RegionBacking backing) {}

  private final String id;
  private final List<Region> regions;
  private final int[] vectors;
  private final int pageSize;
  private final Runnable reset;
  private final boolean resettable;
  private final Consumer<DmaSpace> attach;
  private final Runnable close;
  private final Optional<Migratable> migration;
  private final Optional<AccessCounts> accesses;
  private final IntxGate intx;
  private final Set<Mapping> mappings = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private DirectDevice(Builder builder) {
    id = builder.id;
    regions = List.copyOf(builder.regions);
    vectors = builder.vectors.clone();
    pageSize = builder.pageSize;
    resettable = builder.resettable;
    reset = builder.reset;
    attach = builder.attach;
    close = builder.close;
    accesses = builder.accesses;
    migration = builder.state.map(SavableDevice::new);
    intx = new IntxGate();
    builder.interrupts.accept(intx);
  }

  public static Builder builder(String id) {
    return new Builder(id);
  }

  /** Puts a device together. Everything but the id may be left out. */
  public static final class Builder {
    private final String id;
    private final List<Region> regions = new ArrayList<>();
    private final int[] vectors = {0, 0, 0, 0, 1};
    private int pageSize = 1 << 16;
    private boolean resettable;
    private Runnable reset = () -> {};
    private Consumer<DmaSpace> attach = memory -> {};
    private Consumer<InterruptSink> interrupts = sink -> {};
    private Runnable close = () -> {};
    private Optional<DeviceState> state = Optional.empty();
    private Optional<AccessCounts> accesses = Optional.empty();

    private Builder(String id) {
      this.id = Objects.requireNonNull(id, "id");
      for (int index = 0; index < VfioPciIndex.NUM_REGIONS; index++) {
        regions.add(region(index, 0, 0, List.of(), NOTHING));
      }
    }

    private static Region region(
        int index,
        int flags,
        long size,
        List<RegionCapability> capabilities,
        RegionBacking backing) {
      long offset = VfioPciIndex.fileOffset(index);
      return new Region(new RegionInfo(index, flags, size, offset, capabilities), backing);
    }

    /** BAR {@code index}, 0 to 5: readable, writable, mappable. */
    public Builder bar(int index, long size, RegionBacking backing) {
      Objects.checkIndex(index, VfioPciIndex.BAR5_REGION + 1);
      int flags = RegionInfo.READ | RegionInfo.WRITE | RegionInfo.MMAP;
      regions.set(index, region(index, flags, size, List.of(), backing));
      return this;
    }

    /**
     * Configuration space of 256 or 4096 bytes, little-endian. A function with a PCI Express
     * capability has an ERR interrupt, which {@link #vectors} must say.
     */
    public Builder config(int size, MmioHandler handler) {
      RegionBacking backing = new RegionBacking.Trapped(AccessRules.PCI_BAR, handler);
      int index = VfioPciIndex.CONFIG_REGION;
      regions.set(
          index, region(index, RegionInfo.READ | RegionInfo.WRITE, size, List.of(), backing));
      return this;
    }

    /** A device-specific region; it gets the next index from 9 on. */
    public Builder specific(
        RegionCapability.RegionType type,
        int flags,
        long size,
        List<RegionCapability> more,
        RegionBacking backing) {
      List<RegionCapability> capabilities = new ArrayList<>();
      capabilities.add(type);
      capabilities.addAll(more);
      regions.add(region(regions.size(), flags, size, capabilities, backing));
      return this;
    }

    /** How many vectors interrupt index {@code index} (0 to 4) has; 0 at first, REQ 1. */
    public Builder vectors(int index, int count) {
      vectors[Objects.checkIndex(index, VfioPciIndex.NUM_IRQS)] = count;
      return this;
    }

    /** Page size for mapping, bytes, a power of two; 65536 at first. */
    public Builder pageSize(int bytes) {
      pageSize = bytes;
      return this;
    }

    /** The device can be reset, this way. */
    public Builder onReset(Runnable action) {
      resettable = true;
      reset = action;
      return this;
    }

    /** Told when guest memory is attached. */
    public Builder onAttach(Consumer<DmaSpace> action) {
      attach = action;
      return this;
    }

    /** Told once, when the device is built, where its interrupts go. */
    public Builder onConnect(Consumer<InterruptSink> action) {
      interrupts = action;
      return this;
    }

    /** The device's state can be taken out and put in. */
    public Builder state(DeviceState made) {
      state = Optional.of(made);
      return this;
    }

    /** Where the device counts accesses to registers that it does not model. */
    public Builder accesses(AccessCounts counts) {
      accesses = Optional.of(counts);
      return this;
    }

    /** Runs once, when the device is closed. */
    public Builder onClose(Runnable action) {
      close = action;
      return this;
    }

    public DirectDevice build() {
      return new DirectDevice(this);
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public DeviceInfo info() {
    requireOpen();
    int flags = DeviceInfo.PCI | (resettable ? DeviceInfo.RESET : 0);
    return new DeviceInfo(flags, regions.size(), VfioPciIndex.NUM_IRQS);
  }

  @Override
  public RegionInfo regionInfo(int index) {
    requireOpen();
    if (index < 0 || index >= regions.size() || index == VfioPciIndex.VGA_REGION) {
      throw new VfioException(Errno.EINVAL, id + " has no region " + index);
    }
    return regions.get(index).info();
  }

  @Override
  public IrqInfo irqInfo(int index) {
    requireOpen();
    boolean known = index >= 0 && index < VfioPciIndex.NUM_IRQS;
    if (!known || (index == VfioPciIndex.ERR_IRQ && vectors[index] == 0)) {
      throw new VfioException(Errno.EINVAL, id + " has no interrupt index " + index);
    }
    return IrqInfo.ofPci(index, vectors[index]);
  }

  @Override
  public RegionBacking backing(int index) {
    regionInfo(index);
    return regions.get(index).backing();
  }

  @Override
  public long read(int index, long offset, MemorySegment target) {
    int refused = refusal(index);
    if (refused != 0) {
      return refused;
    }
    Region region = regions.get(index);
    return RegionAccess.read(region.backing, region.info.size(), width(index), offset, target);
  }

  @Override
  public long write(int index, long offset, MemorySegment source) {
    int refused = refusal(index);
    if (refused != 0) {
      return refused;
    }
    Region region = regions.get(index);
    return RegionAccess.write(region.backing, region.info.size(), width(index), offset, source);
  }

  private int refusal(int index) {
    if (closed) {
      return -Errno.EBADF.number();
    }
    boolean known = index >= 0 && index < regions.size() && index != VfioPciIndex.VGA_REGION;
    return known ? 0 : -Errno.EINVAL.number();
  }

  private static int width(int index) {
    return index < VfioPciIndex.NUM_REGIONS ? RegionAccess.BAR_WIDTH : RegionAccess.COPY_WIDTH;
  }

  @Override
  public RegionMapping mmap(int index, long offset, long length) {
    RegionInfo info = regionInfo(index);
    MmapRange range = MmapRange.of(id, offset, length, pageSize);
    range.requireMappable(id, info);
    Mapping mapping = new Mapping(range, range.part(regions.get(index).backing()));
    mappings.add(mapping);
    return mapping;
  }

  /** Mappings that were made and not yet unmapped. */
  public int liveMappings() {
    return mappings.size();
  }

  @Override
  public void connect(InterruptSink sink) {
    requireOpen();
    intx.connect(sink);
  }

  @Override
  public void maskIntx(boolean masked) {
    requireOpen();
    intx.mask(masked);
  }

  @Override
  public void attach(DmaSpace memory) {
    requireOpen();
    attach.accept(memory);
  }

  @Override
  public Optional<AccessCounts> accesses() {
    return accesses;
  }

  @Override
  public Optional<Migratable> migration() {
    return migration;
  }

  @Override
  public void reset() {
    requireOpen();
    if (!resettable) {
      throw new VfioException(Errno.EINVAL, id + " cannot be reset");
    }
    reset.run();
  }

  private void requireOpen() {
    if (closed) {
      throw new VfioException(Errno.EBADF, id + " is closed");
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    intx.connect(InterruptSink.NONE);
    mappings.clear();
    attach.accept(DmaSpace.NONE);
    close.run();
  }

  private final class Mapping implements RegionMapping {
    private final MmapRange range;
    private final RegionBacking backing;

    Mapping(MmapRange range, RegionBacking backing) {
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
      if (!mappings.contains(this)) {
        throw new VfioException(Errno.EBADF, id + ": the mapping has ended");
      }
      return backing;
    }

    @Override
    public int touch(long offset) {
      boolean inside = offset >= 0 && offset < range.length() && mappings.contains(this);
      return inside ? FAULT_NOPAGE : FAULT_SIGBUS;
    }

    @Override
    public void close() {
      mappings.remove(this);
    }
  }
}
