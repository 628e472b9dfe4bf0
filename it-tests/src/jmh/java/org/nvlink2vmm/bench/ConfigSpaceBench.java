package org.nvlink2vmm.bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.BusResult;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.pci.Bar;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.pci.PciBridge;
import org.nvlink2vmm.vmm.pci.PciBus;
import org.nvlink2vmm.vmm.pci.PciFunction;
import org.nvlink2vmm.vmm.pci.PciRoot;
import org.nvlink2vmm.vmm.pci.PciWindows;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Accesses of 4 bytes at random aligned offsets of 4096 bytes of config space: alone, and by bus
 * number and devfn through a host bridge with 18 functions, two of them bridges with one function
 * behind each.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class ConfigSpaceBench {
  private static final int BYTES = 4096;
  private static final int ACCESSES = 1024;
  private static final VarHandle WORD_LE =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final ConfigSpace config = new ConfigSpace(BYTES);
  private final byte[] values = new byte[BYTES];
  private final byte[] masks = new byte[BYTES];
  private final int[] offsets = new int[ACCESSES];
  private final int[] devfns = new int[ACCESSES];
  private PciRoot root;
  private int next;

  @Setup
  public void setUp() {
    Random random = new Random(42);
    for (int offset = 0; offset < BYTES; offset += 4) {
      int value = random.nextInt();
      int mask = random.nextInt();
      config.set32(offset, value, mask, 0);
      WORD_LE.set(values, offset, value);
      WORD_LE.set(masks, offset, mask);
    }
    for (int i = 0; i < ACCESSES; i++) {
      offsets[i] = 4 * random.nextInt(BYTES / 4);
      devfns[i] = 8 * random.nextInt(16);
    }
    root = host();
  }

  private PciRoot host() {
    PciWindows windows =
        new PciWindows(
            new AddressSpace("bench", 1L << 48),
            window(1L << 16),
            window(1L << 31),
            window(1L << 40));
    PciBus bus = new PciBus("pci.0", windows);
    for (int device = 0; device < 16; device++) {
      bus.add(8 * device, new Plain("f" + device, config));
    }
    for (int device = 16; device < 18; device++) {
      PciBridge bridge = new PciBridge("b" + device, windows);
      bridge.secondary().add(0, new Plain("behind" + device, config));
      bus.add(8 * device, bridge);
    }
    PciRoot host = new PciRoot(bus);
    host.numberBuses();
    return host;
  }

  private static PciWindows.Window window(long size) {
    return new PciWindows.Window(0, new MemoryRegion.Container("window", size));
  }

  private record Plain(String id, ConfigSpace config) implements PciFunction {
    @Override
    public int configSize() {
      return config.size();
    }

    @Override
    public List<Bar> bars() {
      return List.of();
    }

    @Override
    public void plug(PciWindows windows) {}

    @Override
    public void reset() {}
  }

  private int step() {
    next = (next + 1) & (ACCESSES - 1);
    return next;
  }

  @Benchmark
  public long read() {
    return config.read(offsets[step()], 4);
  }

  @Benchmark
  public long readPlain() {
    return (int) WORD_LE.get(values, offsets[step()]);
  }

  @Benchmark
  public void write() {
    int i = step();
    config.write(offsets[i], 4, i);
  }

  @Benchmark
  public void writePlain() {
    int i = step();
    int offset = offsets[i];
    int mask = (int) WORD_LE.get(masks, offset);
    int old = (int) WORD_LE.get(values, offset);
    WORD_LE.set(values, offset, (old & ~mask) | (i & mask));
  }

  @Benchmark
  public long readThroughHostBridge() {
    int i = step();
    return root.readConfig(0, devfns[i], offsets[i], 4);
  }

  @Benchmark
  public long readBehindBridge() {
    return root.readConfig(2, 0, offsets[step()], 4);
  }

  @Benchmark
  public BusResult writeThroughHostBridge() {
    int i = step();
    return root.writeConfig(0, devfns[i], offsets[i], 4, i);
  }
}
