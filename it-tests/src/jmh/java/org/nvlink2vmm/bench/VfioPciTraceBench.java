package org.nvlink2vmm.bench;

import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a tracepoint that nobody listens to costs: the same work with and without it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class VfioPciTraceBench {
  private final VfioPciTrace trace = VfioPciTrace.NO_TEXT;
  private final String name = "0004:04:00.0";
  private long hpa = 0x40000000000L;
  private long ua = 0x7f0000000000L;

  private long advance() {
    hpa = (hpa + 0x10000) & 0x5ffffffffffL;
    ua = (ua + 0x10000) & 0x7fffffffffffL;
    return hpa ^ ua;
  }

  @Benchmark
  public long plain() {
    return advance();
  }

  @Benchmark
  public long tracedByNobody() {
    long next = advance();
    trace.nvgpuMmapFault(name, hpa, ua, 0x100);
    return next;
  }
}
