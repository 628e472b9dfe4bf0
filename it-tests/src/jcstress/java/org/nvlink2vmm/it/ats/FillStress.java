package org.nvlink2vmm.it.ats;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.nvlink2vmm.v100.mmu.GpuTlb;
import org.nvlink2vmm.v100.mmu.TlbShape;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * A GPU's cache takes an answer while the page changes and is shot down: an answer from before that
 * arrives after it is not kept. 0: nothing in the cache, 1: the new page, 2: the old one.
 */
@JCStressTest
@Outcome(id = "0|1", expect = ACCEPTABLE, desc = "nothing or the new page is kept")
@Outcome(id = "2", expect = FORBIDDEN, desc = "the old page was kept after its shootdown")
@State
public class FillStress {
  private static final int PID = 5;
  private static final long VA = 0x7000_0000_0000L;
  private static final long OLD = 1L << 40 | 16 | TranslationAgent.WRITABLE;
  private static final long FRESH = 2L << 40 | 16 | TranslationAgent.WRITABLE;
  private static final GpuTlb TLB = new GpuTlb(new TlbShape(1 << 16, 8));
  private static final AtomicInteger TAKEN = new AtomicInteger();

  private final long address = VA + ((long) (TAKEN.getAndIncrement() & 0xffff) << 16);
  private volatile long page = OLD;

  public FillStress() {
    TLB.invalidate(InvalidationScope.ADDRESS, PID, address, 16, false);
  }

  @Actor
  public void guest() {
    page = FRESH;
    TLB.invalidate(InvalidationScope.ADDRESS, PID, address, 16, true);
  }

  @Actor
  public void gpu() {
    int generation = TLB.generation();
    TLB.fill(generation, PID, address, page);
  }

  @Arbiter
  public void look(I_Result result) {
    long answer = TLB.lookup(PID, address, true);
    result.r1 = answer == GpuTlb.MISS ? 0 : answer == FRESH ? 1 : 2;
  }
}
