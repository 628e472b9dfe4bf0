package org.nvlink2vmm.it.ats;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.nvlink2vmm.npu2.atsd.AtsdRegisterSet;
import org.nvlink2vmm.npu2.atsd.MistakeLog;
import org.nvlink2vmm.v100.mmu.GpuTlb;
import org.nvlink2vmm.v100.mmu.TlbShape;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * A thread that did not launch reads LAUNCH and STAT: once it sees the launch, STAT is busy until
 * the GPU has dropped the page. The first number: 0 no launch seen, 1 seen and busy, 2 seen and
 * done; the second: 1 the cache still has the page.
 */
@JCStressTest
@Outcome(id = "0, 0|0, 1", expect = ACCEPTABLE, desc = "before the launch")
@Outcome(id = "1, 0|1, 1", expect = ACCEPTABLE, desc = "while it was busy")
@Outcome(id = "2, 0", expect = ACCEPTABLE, desc = "done, and the page is gone")
@Outcome(id = "2, 1", expect = FORBIDDEN, desc = "done, and the page is still there")
@State
public class StatusStress {
  private static final int PID = 5;
  private static final long VA = 0x7000_0000_0000L;
  private static final long LAUNCH = 1L << 50 | 5L << 46 | (long) PID << 25;
  private static final GpuTlb TLB = new GpuTlb(new TlbShape(1 << 16, 8));
  private static final MistakeLog MISTAKES = new MistakeLog("npu");
  private static final AtomicInteger TAKEN = new AtomicInteger();

  private final long address = VA + ((long) (TAKEN.getAndIncrement() & 0xffff) << 16);
  private final AtsdRegisterSet registers =
      new AtsdRegisterSet(
          0,
          (register, launch, ava) -> {
            TLB.invalidate(InvalidationScope.ADDRESS, PID, ava, 16, true);
            return true;
          },
          MISTAKES);

  public StatusStress() {
    TLB.fill(TLB.generation(), PID, address, 1L << 40 | 16 | TranslationAgent.WRITABLE);
  }

  @Actor
  public void launcher() {
    registers.write(8, 8, address);
    registers.write(0, 8, LAUNCH);
  }

  @Actor
  public void watcher(II_Result result) {
    boolean launched = registers.read(0, 8) != 0;
    boolean busy = registers.read(0x10, 8) != 0;
    result.r1 = !launched ? 0 : busy ? 1 : 2;
    result.r2 = TLB.lookup(PID, address, true) == GpuTlb.MISS ? 0 : 1;
  }
}
