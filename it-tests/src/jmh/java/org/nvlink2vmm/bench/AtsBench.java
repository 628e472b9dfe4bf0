package org.nvlink2vmm.bench;

import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.it.ats.AtsWorld;
import org.nvlink2vmm.v100.mmu.GpuTlb;
import org.nvlink2vmm.v100.mmu.InFlight;
import org.nvlink2vmm.v100.mmu.TlbShape;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
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
 * What a translation and a shootdown cost: a hit in the GPU's cache, a walk by the nest MMU, and
 * dropping a page or a process as the cache grows. {@code plain} is what the memory system alone
 * takes for a read of as many entries. Run with {@code -prof gc}: nothing here allocates.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class AtsBench {
  private static final int PID = 5;
  private static final long VA = 0x7000_0000_0000L;
  private static final long STEP = 0x9e37;

  /** A cache that is full. */
  @State(Scope.Thread)
  public static class Cache {
    /** Entries. */
    @Param({"1024", "65536", "1048576"})
    public int entries;

    GpuTlb tlb;
    long[] plain;
    long next;

    @Setup(Level.Trial)
    public void fill() {
      tlb = new GpuTlb(new TlbShape(entries, 8));
      plain = new long[entries];
      for (int i = 0; i < entries; i++) {
        put(PID, VA + i * 0x10000L);
        plain[i] = i;
      }
    }

    void put(int pid, long address) {
      tlb.fill(tlb.generation(), pid, address, 1L << 40 | 16 | TranslationAgent.WRITABLE);
    }

    long address() {
      next = (next + STEP) & (entries - 1);
      return VA + next * 0x10000L;
    }
  }

  /** A trained machine with 1024 pages of 64 KiB. */
  @State(Scope.Thread)
  public static class Machine {
    AtsWorld world;
    long next;

    @Setup(Level.Trial)
    public void start() {
      world = AtsWorld.trained(PID);
      world.mapPages(PID, VA, 1024);
    }

    @TearDown(Level.Trial)
    public void stop() {
      world.close();
    }
  }

  @Benchmark
  public long plain(Cache cache) {
    cache.next = (cache.next + STEP) & (cache.entries - 1);
    return cache.plain[(int) cache.next];
  }

  @Benchmark
  public long hit(Cache cache) {
    InFlight inFlight = cache.tlb.inFlight();
    int ticket = inFlight.enter();
    long answer = cache.tlb.lookup(PID, cache.address(), true);
    inFlight.leave(ticket);
    return answer;
  }

  @Benchmark
  public int dropAddress(Cache cache) {
    long address = cache.address();
    int gone = cache.tlb.invalidate(InvalidationScope.ADDRESS, PID, address, 16, true);
    cache.put(PID, address);
    return gone;
  }

  @Benchmark
  public int dropProcess(Cache cache) {
    cache.put(PID + 1, VA - 0x10000);
    return cache.tlb.invalidate(InvalidationScope.PROCESS, PID + 1, 0, 0, true);
  }

  @Benchmark
  public long walk(Machine machine) {
    machine.next = (machine.next + STEP) & 1023;
    return machine.world.translate(PID, VA + machine.next * 0x10000L, true);
  }
}
