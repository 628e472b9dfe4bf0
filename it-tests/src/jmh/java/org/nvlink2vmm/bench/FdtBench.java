package org.nvlink2vmm.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Building, writing and reading flattened trees: ten buses with devices of six properties each, 100
 * devices (a large guest) to 10,000. {@code plain} is the yardstick: the same bytes straight into
 * an array, no tree. Bars: {@code buildAndWrite} at most 3 times {@code plain}; from 1,000 to
 * 10,000 devices at most 12 times the time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FdtBench {
  private static final int BUSES = 10;

  @Param({"100", "1000", "10000"})
  public int devices;

  private DeviceTree tree;
  private byte[] blob;
  private Arena arena;
  private MemorySegment guestMemory;

  @Setup
  public void setUp() {
    tree = build();
    blob = FdtWriter.bytes(tree);
    arena = Arena.ofShared();
    guestMemory = arena.allocate(blob.length, 8);
  }

  @TearDown
  public void tearDown() {
    arena.close();
  }

  /** Baseline. */
  @Benchmark
  public byte[] plain() {
    PlainFdtWriter writer = new PlainFdtWriter();
    writer.begin("");
    writer.u32("#address-cells", 2);
    writer.u32("#size-cells", 2);
    for (int bus = 0; bus < BUSES; bus++) {
      writer.begin("bus@" + Integer.toHexString(bus));
      writer.u32("#address-cells", 2);
      writer.u32("#size-cells", 2);
      for (int i = bus * devices / BUSES; i < (bus + 1) * devices / BUSES; i++) {
        writer.begin("dev@" + Integer.toHexString(i));
        writer.string("compatible", "vendor,device-" + i % 16);
        writer.u64Pair("reg", (long) i << 20, 0x100000);
        writer.u32("phandle", i + 1);
        writer.string("status", "okay");
        writer.u32("ibm,prop-" + i % 32, i);
        writer.string("label", "slot-" + i);
        writer.end();
      }
      writer.end();
    }
    writer.end();
    return writer.finish();
  }

  /** A tree from nothing, and its blob. */
  @Benchmark
  public byte[] buildAndWrite() {
    return FdtWriter.bytes(build());
  }

  /** The tree alone. */
  @Benchmark
  public DeviceTree build() {
    DeviceTree built = new DeviceTree();
    built.root().setU32("#address-cells", 2).setU32("#size-cells", 2);
    for (int bus = 0; bus < BUSES; bus++) {
      Node parent = built.root().addChild("bus@" + Integer.toHexString(bus));
      parent.setU32("#address-cells", 2).setU32("#size-cells", 2);
      for (int i = bus * devices / BUSES; i < (bus + 1) * devices / BUSES; i++) {
        parent
            .addChild("dev@" + Integer.toHexString(i))
            .setStrings("compatible", "vendor,device-" + i % 16)
            .setU64("reg", (long) i << 20, 0x100000)
            .setU32("phandle", i + 1)
            .setStrings("status", "okay")
            .setU32("ibm,prop-" + i % 32, i)
            .setStrings("label", "slot-" + i);
      }
    }
    return built;
  }

  /** A tree that is there, in one pass into guest memory. */
  @Benchmark
  public long writeToMemory() {
    return FdtWriter.write(tree, guestMemory);
  }

  /** What a guest or a checker does first. */
  @Benchmark
  public DeviceTree read() {
    return FdtReader.read(blob);
  }
}
