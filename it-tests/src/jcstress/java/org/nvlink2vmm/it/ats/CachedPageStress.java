package org.nvlink2vmm.it.ats;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * The guest moves an address to another page, shoots it down and reuses the old page, while a GPU
 * that has the old page in its cache stores to the address.
 */
@JCStressTest
@Outcome(id = "7, 9", expect = ACCEPTABLE, desc = "the GPU used the new page")
@Outcome(id = "7, 0", expect = ACCEPTABLE, desc = "the GPU used the old page before STAT read 0")
@Outcome(expect = FORBIDDEN, desc = "the GPU used the old page after STAT read 0")
@State
public class CachedPageStress {
  private static final StressPages PAGES = new StressPages();

  private final StressPages.Page page = PAGES.page();

  public CachedPageStress() {
    page.cache();
  }

  @Actor
  public void guest() {
    page.moveAndShootDown(0);
    page.reuse(7);
  }

  @Actor
  public void gpu() {
    page.store(1, 0, 9);
  }

  @Arbiter
  public void look(II_Result result) {
    result.r1 = page.inOld(0);
    result.r2 = page.inFresh(0);
  }
}
