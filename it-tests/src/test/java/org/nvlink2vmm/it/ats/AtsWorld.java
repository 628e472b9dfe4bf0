package org.nvlink2vmm.it.ats;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostBridge;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.ats.NpuOpal;
import org.nvlink2vmm.vmm.ats.Partition;
import org.nvlink2vmm.vmm.ats.PartitionScope;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/**
 * A host with its GPUs, a guest's memory and page tables, and what a driver does with them: trains
 * links by configuration space, moves data by the engine's registers, shoots down by ATSD stores.
 */
public final class AtsWorld implements AutoCloseable {
  static final int LPID = 0x2a;
  static final long RAM_SIZE = 512L << 20;

  /** Where guest RAM lies in the host. */
  static final long RAM_HPA = 0x10_0000_0000L;

  /** Guest-physical address of GPU 0's memory; the others follow at 128 GiB. */
  static final long GPU_GPA = 0x4000_0000_0000L;

  static final long GPU_STRIDE = 128L << 30;
  static final long TABLES = 256L << 20;

  private static final int ENGINE = 0xf00000;

  /** A launch that is not done by then never will be; far above what a slow machine needs. */
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  final EmulatedHost host;
  final AddressSpace guest = new AddressSpace("guest", 1L << 52);
  final RadixTables tables;
  private final PartitionScope scope;
  final List<HostGpu> gpus;
  private final long[] atsdOfGpu;
  private final TranslationAgent firstAgent;
  private final int firstBdfn;
  private final RamBlock ram = RamBlock.ofPrivate("guest-ram", RAM_SIZE);
  private final MemoryRegion ramInHost = new MemoryRegion.Ram("guest-ram", ram.segment());
  private final List<VfioDevice> devices = new ArrayList<>();
  private final List<MmioHandler> registers = new ArrayList<>();

  AtsWorld(PowernvTree tree, Function<HostBdf, DeviceOptions> options) {
    List<DevicePlugin> plugins = new ArrayList<>();
    ServiceLoader.load(DevicePlugin.class).forEach(plugins::add);
    host = EmulatedHost.builder(tree).plugins(plugins).options(options).build();
    gpus = tree.gpus();
    atsdOfGpu = gpus.stream().mapToLong(AtsWorld::atsdOf).toArray();
    List<PartitionScope.Range> ranges = new ArrayList<>();
    ranges.add(new PartitionScope.Range(0, RAM_SIZE, RAM_HPA));
    try (MemoryTransaction change = guest.change()) {
      change.map(guest.root(), 0, new MemoryRegion.Ram("ram", ram.segment()));
    }
    try (MemoryTransaction change = host.physical().change()) {
      change.map(host.physical().root(), RAM_HPA, ramInHost);
    }
    for (int i = 0; i < gpus.size(); i++) {
      VfioDevice device = host.open(gpus.get(i).bdf(), "gpu" + i);
      devices.add(device);
      registers.add(((RegionBacking.Trapped) device.backing(0)).handler());
      long base = gpus.get(i).memory().orElseThrow().window().orElseThrow().base();
      ranges.add(new PartitionScope.Range(GPU_GPA + i * GPU_STRIDE, GPU_STRIDE, base));
    }
    firstAgent = npu(gpus.getFirst()).translations();
    firstBdfn = gpus.getFirst().bdf().bdfn();
    tables = new RadixTables(guest, TABLES);
    scope = PartitionScope.of(ranges);
    Partition partition = partition(LPID);
    for (HostGpu gpu : gpus) {
      npu(gpu).registerPartition(partition);
      npu(gpu).opal().mapLpar(gpu.bdf().bdfn(), LPID, 0);
      npu(gpu).opal().initContext(gpu.bdf().bdfn(), NpuOpal.MSR_DR | NpuOpal.MSR_PR);
    }
  }

  private Partition partition(int lpid) {
    return new Partition(
        lpid, guest, scope, tables.processTable(), RadixTables.PROCESS_TABLE_SHIFT);
  }

  /** Gives a GPU to another guest, which happens to have the same memory and tables. */
  void giveToAnotherGuest(int gpu, int lpid) {
    Npu npu = npu(gpus.get(gpu));
    int bdfn = gpus.get(gpu).bdf().bdfn();
    npu.registerPartition(partition(lpid));
    npu.opal().mapLpar(bdfn, lpid, 0);
    npu.opal().initContext(bdfn, NpuOpal.MSR_DR | NpuOpal.MSR_PR);
  }

  /** A 4-GPU host with all links trained and one process, for benchmarks. */
  public static AtsWorld trained(int pid) {
    AtsWorld world =
        new AtsWorld(
            new PowernvTree(BuiltinHostTrees.load("witherspoon-4gpu").orElseThrow()),
            function -> DeviceOptions.none(function.toString()));
    world.tables.process(pid);
    world.trainAll();
    return world;
  }

  /** Maps {@code count} pages of 64 KiB in a row to the start of the guest's memory. */
  public void mapPages(int pid, long address, int count) {
    for (int i = 0; i < count; i++) {
      tables.map(pid, address + i * 0x10000L, 16, i * 0x10000L, RadixTables.READ_WRITE);
    }
  }

  /** Asks GPU 0's NPU. */
  public long translate(int pid, long address, boolean write) {
    return firstAgent.translate(firstBdfn, pid, address, write);
  }

  /** A GPU as a VFIO device. */
  VfioDevice device(int gpu) {
    return devices.get(gpu);
  }

  Npu npu(HostGpu gpu) {
    return host.npuOf(gpu.bdf()).orElseThrow();
  }

  /** Trains every link of a GPU to its NPU. */
  void train(int gpu) {
    for (HostBridge bridge : gpus.get(gpu).bridges()) {
      VfioDevice device = host.open(bridge.bdf(), bridge.bdf().toString());
      devices.add(device);
      MmioHandler config = ((RegionBacking.Trapped) device.backing(7)).handler();
      for (int procedure : new int[] {4, 5, 6, 7, 8, 9, 10, 13}) {
        config.write(0x88, 4, procedure);
        while ((config.read(0x84, 4) & 0x4000_0000L) == 0) {
          Thread.onSpinWait();
        }
      }
    }
  }

  void trainAll() {
    for (int i = 0; i < gpus.size(); i++) {
      train(i);
    }
  }

  /** BAR 0 of a GPU. */
  MmioHandler engine(int gpu) {
    return registers.get(gpu);
  }

  long register(int gpu, int channel, int offset) {
    return registers.get(gpu).read(ENGINE + channel * 0x1000L + offset, 4);
  }

  void register(int gpu, int channel, int offset, long value) {
    registers.get(gpu).write(ENGINE + channel * 0x1000L + offset, 4, value);
  }

  /** Runs a command; the outcome in STATUS. */
  int command(int gpu, int channel, int command, int pid, long source, long target, int length) {
    register(gpu, channel, 0x10, pid);
    register(gpu, channel, 0x18, source);
    register(gpu, channel, 0x1c, source >>> 32);
    register(gpu, channel, 0x20, target);
    register(gpu, channel, 0x24, target >>> 32);
    register(gpu, channel, 0x28, length);
    register(gpu, channel, 0x30, command);
    return (int) register(gpu, channel, 0x34) & 0xf;
  }

  int copy(int gpu, int pid, long source, long target, int length) {
    return command(gpu, 0, 1, pid, source, target, length);
  }

  int fill(int gpu, int pid, long target, int length, int pattern) {
    register(gpu, 0, 0x2c, pattern);
    return command(gpu, 0, 2, pid, 0, target, length);
  }

  int compare(int gpu, int pid, long source, long target, int length) {
    return command(gpu, 0, 3, pid, source, target, length);
  }

  /** Physical address of the ATSD registers that have a GPU's partition. */
  long atsd(int gpu) {
    return atsdOfGpu[gpu];
  }

  private static long atsdOf(HostGpu gpu) {
    HostBridge first = gpu.bridges().getFirst();
    int link = first.link().orElseThrow().index().orElseThrow();
    return first.npu().atsd(link).orElseThrow();
  }

  void atsdStore(int gpu, int offset, long value) {
    host.physical().write(atsd(gpu) + offset, 8, value, ByteOrder.BIG_ENDIAN);
  }

  long atsdStat(int gpu) {
    return host.physical().read(atsd(gpu) + 0x10, 8, ByteOrder.BIG_ENDIAN);
  }

  /** One page, as a driver should: AVA, LAUNCH, poll. {@code ap}: 5 = 64K, 1 = 2M, 2 = 1G. */
  void shootDown(int gpu, int pid, long address, int ap) {
    atsdStore(gpu, 8, address);
    atsdStore(gpu, 0, launch(pid, ap));
    poll(gpu);
  }

  void shootDownProcess(int gpu, int pid) {
    atsdStore(gpu, 0, 1L << 51 | 1L << 50 | (long) pid << 25);
    poll(gpu);
  }

  static long launch(int pid, int ap) {
    return 1L << 50 | (long) ap << 46 | (long) pid << 25;
  }

  void poll(int gpu) {
    long last = System.nanoTime() + PATIENCE_NANOS;
    while (atsdStat(gpu) != 0) {
      if (System.nanoTime() > last) {
        throw new AssertionError("STAT of GPU " + gpu + " stays busy");
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() {
    devices.forEach(VfioDevice::close);
    host.close();
    ram.close();
  }
}
