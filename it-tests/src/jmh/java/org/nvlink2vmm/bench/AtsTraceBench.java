package org.nvlink2vmm.bench;

import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.trace.ShootdownEvent;
import org.nvlink2vmm.vmm.trace.TranslationEvent;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the events of translations and shootdowns cost while nobody records: with and without. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class AtsTraceBench {
  private long address = 0x7000_0000_0000L;

  private long advance() {
    address = (address + 0x10000) & 0x7fff_ffff_ffffL;
    return address;
  }

  @Benchmark
  public long plain() {
    return advance();
  }

  @Benchmark
  public long missedUnrecorded() {
    TranslationEvent event = new TranslationEvent();
    event.begin();
    long at = advance();
    event.finish("npu 0", 0x400, 5, at, true, at, 16);
    return at;
  }

  @Benchmark
  public long shootdownUnrecorded() {
    ShootdownEvent event = new ShootdownEvent();
    event.begin();
    long at = advance();
    event.finish("npu 0", 3, at, InvalidationScope.ADDRESS, 5, at, true);
    return at;
  }
}
