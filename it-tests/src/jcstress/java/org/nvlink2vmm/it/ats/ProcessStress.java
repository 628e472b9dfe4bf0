package org.nvlink2vmm.it.ats;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

/**
 * As {@link MissingPageStress}, with a shootdown of the whole process, through the register of the
 * other GPU of the NPU.
 */
@JCStressTest
@Outcome(id = "7, 7, 9, 9", expect = ACCEPTABLE, desc = "both stores used the new page")
@Outcome(id = "7, 7, 0, 9", expect = ACCEPTABLE, desc = "the first used the old page in time")
@Outcome(id = "7, 7, 0, 0", expect = ACCEPTABLE, desc = "both used the old page in time")
@Outcome(expect = FORBIDDEN, desc = "the GPU used the old page after STAT read 0")
@State
public class ProcessStress {
  private static final StressPages PAGES = new StressPages();

  private final StressPages.Page page = PAGES.page();

  @Actor
  public void guest() {
    page.moveAndShootDownProcess(1);
    page.reuse(7);
  }

  @Actor
  public void gpu() {
    page.store(1, 0, 9);
    page.store(1, 4, 9);
  }

  @Arbiter
  public void look(IIII_Result result) {
    result.r1 = page.inOld(0);
    result.r2 = page.inOld(4);
    result.r3 = page.inFresh(0);
    result.r4 = page.inFresh(4);
  }
}
