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
 * Two threads shoot two addresses down at once, each through an ATSD register of its own: neither
 * takes the other's AVA, and both pages are gone from the GPU's cache when both STAT read 0.
 */
@JCStressTest
@Outcome(id = "7, 7, 9, 9", expect = ACCEPTABLE, desc = "both addresses lead to the new pages")
@Outcome(expect = FORBIDDEN, desc = "a shootdown missed its page")
@State
public class TwoRegistersStress {
  private static final StressPages PAGES = new StressPages();

  private final StressPages.Page one = PAGES.page();
  private final StressPages.Page two = PAGES.page();

  public TwoRegistersStress() {
    one.cache();
    two.cache();
  }

  @Actor
  public void first() {
    one.moveAndShootDown(0);
    one.reuse(7);
  }

  @Actor
  public void second() {
    two.moveAndShootDown(1);
    two.reuse(7);
  }

  @Arbiter
  public void look(IIII_Result result) {
    one.storeAfterwards(9);
    two.storeAfterwards(9);
    result.r1 = one.inOld(0);
    result.r2 = two.inOld(0);
    result.r3 = one.inFresh(0);
    result.r4 = two.inFresh(0);
  }
}
