package org.nvlink2vmm.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.vcpu.ExecutionMode;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.Vcpu;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Guest instructions of a tight loop, interpreted and compiled; the same loop in Java beside. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class VcpuLoopBench {
  private static final int ROUNDS = 100_000;
  private static final int INSTRUCTIONS = 6 * ROUNDS;
  private static final int RAM = 1 << 20;

  /** add r3,r3,r4; addi r4,r4,1; xor r5,r4,r3; sldi r5,r5,2; subf r3,r5,r3; bdnz; sc 1. */
  private static final int[] LOOP = {
    0x7c632214, 0x38840001, 0x7c851a78, 0x78a51764, 0x7c651850, 0x4200ffec, 0x44000022
  };

  /** Execution modes by name. */
  @Param({"interpret", "auto"})
  private String mode = "auto";

  private final MemorySegment ram = Arena.ofAuto().allocate(RAM, 4096);
  private Vcpu cpu;
  private long rounds = ROUNDS;

  /** A guest with the loop at 0x1000. */
  @Setup
  public void load() {
    AddressSpace space = new AddressSpace("guest", 1L << 62);
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, new MemoryRegion.Ram("ram", ram));
    }
    for (int i = 0; i < LOOP.length; i++) {
      space.write(0x1000 + 4L * i, 4, LOOP[i], ByteOrder.BIG_ENDIAN);
    }
    Partition partition = new Partition(space, RAM, () -> 0);
    partition.executionMode(ExecutionMode.named(mode).orElseThrow());
    cpu = partition.add(Vcpu::stop);
  }

  @Benchmark
  @OperationsPerInvocation(INSTRUCTIONS)
  public long guest() {
    cpu.reset(0x1000, false);
    cpu.ctr(rounds);
    cpu.resume();
    cpu.run();
    return cpu.gpr(3);
  }

  @Benchmark
  @OperationsPerInvocation(INSTRUCTIONS)
  public long plainJava() {
    long a = cpu.gpr(3);
    long b = cpu.gpr(4);
    for (long left = rounds; left != 0; left--) {
      a += b;
      b++;
      long c = (b ^ a) << 2;
      a -= c;
    }
    return a;
  }
}
