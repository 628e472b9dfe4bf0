package org.nvlink2vmm.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.MmioHandler;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an access through the bus costs on top of the least that a monitor has to do: find the
 * region in a sorted array, call its handler.
 *
 * <p>Regions of 64 KiB lie one to a MiB and belong to four kinds of device, so that the call is not
 * predictable. <em>random</em> takes region and register at random; <em>sequential</em> stays with
 * a region for 64 reads.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 250, timeUnit = TimeUnit.MILLISECONDS)
public class AddressSpaceBench {
  private static final long BASE = 0x6000_0000_0000L;
  private static final long STEP = 1 << 20;
  private static final long REGION_BYTES = 1 << 16;
  private static final int ACCESSES = 4096;
  private static final long RAM_BYTES = 16 << 20;
  private static final int MIB = 1 << 20;
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Param({"random", "sequential"})
  public String pattern;

  @Param({"64"})
  public int regions;

  private final AddressSpace space = new AddressSpace("bench", 1L << 48);
  private final long[] gpas = new long[ACCESSES];
  private final long[] ramOffsets = new long[ACCESSES];
  private final MemorySegment target = Arena.ofAuto().allocate(MIB, 64);
  private MemorySegment ram;
  private PlainBus plain;
  private int next;

  @Setup
  public void setUp() {
    ram = Arena.ofShared().allocate(RAM_BYTES, 64);
    long[] starts = new long[regions];
    MmioHandler[] handlers = new MmioHandler[regions];
    AccessRules rules = new AccessRules(1, 8, true, 8, ByteOrder.LITTLE_ENDIAN);
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, new MemoryRegion.Ram("ram", ram));
      for (int i = 0; i < regions; i++) {
        starts[i] = BASE + i * STEP;
        handlers[i] = handler(i);
        MemoryRegion mmio = new MemoryRegion.Mmio("r" + i, REGION_BYTES, rules, handlers[i]);
        change.map(space.root(), starts[i], mmio);
      }
    }
    plain = new PlainBus(starts, handlers);
    Random random = new Random(42);
    for (int i = 0; i < ACCESSES; i++) {
      int region = pattern.equals("random") ? random.nextInt(regions) : i / 64 % regions;
      gpas[i] = BASE + region * STEP + 4L * random.nextInt(64);
      ramOffsets[i] = 4L * random.nextInt((int) RAM_BYTES / 4);
    }
  }

  private long nextGpa() {
    next = (next + 1) & (ACCESSES - 1);
    return gpas[next];
  }

  private long nextRam() {
    next = (next + 1) & (ACCESSES - 1);
    return ramOffsets[next];
  }

  @Benchmark
  public long mmio() {
    return space.read(nextGpa(), 4, ByteOrder.LITTLE_ENDIAN);
  }

  @Benchmark
  public long mmioPlain() {
    return plain.read(nextGpa(), 4);
  }

  @Benchmark
  public long ram() {
    return space.read(nextRam(), 4, ByteOrder.LITTLE_ENDIAN);
  }

  @Benchmark
  public long ramPlain() {
    return ram.get(INT_LE, nextRam());
  }

  @Benchmark
  public Object copy() {
    return space.readBytes(MIB, target);
  }

  @Benchmark
  public Object copyPlain() {
    MemorySegment.copy(ram, MIB, target, 0, MIB);
    return target;
  }

  /** Sorted starts, the last hit first, then a binary search: the baseline. */
  private static final class PlainBus {
    private final long[] starts;
    private final MmioHandler[] handlers;
    private int last;

    PlainBus(long[] starts, MmioHandler[] handlers) {
      this.starts = starts;
      this.handlers = handlers;
    }

    long read(long gpa, int size) {
      int hit = last;
      if (gpa < starts[hit] || gpa - starts[hit] > REGION_BYTES - size) {
        hit = Arrays.binarySearch(starts, gpa);
        hit = hit < 0 ? -hit - 2 : hit;
        if (hit < 0 || gpa - starts[hit] > REGION_BYTES - size) {
          return 0xffffffffL;
        }
        last = hit;
      }
      return handlers[hit].read(gpa - starts[hit], size);
    }
  }

  private static MmioHandler handler(int i) {
    return switch (i & 3) {
      case 0 -> new Straight();
      case 1 -> new Inverted();
      case 2 -> new Shifted();
      default -> new Summed();
    };
  }

  private abstract static class Registers extends MmioHandler {
    final int[] words = new Random(7).ints(64).toArray();

    @Override
    public void write(long offset, int size, long value) {
      words[(int) offset >>> 2] = (int) value;
    }
  }

  private static final class Straight extends Registers {
    @Override
    public long read(long offset, int size) {
      return words[(int) offset >>> 2];
    }
  }

  private static final class Inverted extends Registers {
    @Override
    public long read(long offset, int size) {
      return ~words[(int) offset >>> 2];
    }
  }

  private static final class Shifted extends Registers {
    @Override
    public long read(long offset, int size) {
      return Integer.toUnsignedLong(words[(int) offset >>> 2]) >>> 3;
    }
  }

  private static final class Summed extends Registers {
    private long sum;

    @Override
    public long read(long offset, int size) {
      sum += words[(int) offset >>> 2];
      return sum;
    }
  }
}
