package org.nvlink2vmm.npu2.atsd;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.TranslationCache;

/** Uses of pages that have changed, against the shootdowns that come before, during and after. */
final class StaleUsesTest {
  private static final int GPU = 0x0400;
  private static final int OTHER_GPU = 0x0500;
  private static final int PID = 5;
  private static final long VA = 0x7000_0001_0000L;

  private final StaleUses uses = new StaleUses(0, new ShootdownJournal());
  private final Cache cache = new Cache();

  /** A cache of which only the generation matters. */
  private static final class Cache implements TranslationCache {
    private int generation;

    @Override
    public int invalidate(
        InvalidationScope scope, int pid, long address, int pageShift, boolean flush) {
      generation++;
      return 0;
    }

    @Override
    public int generation() {
      return generation;
    }

    @Override
    public void flush() {}
  }

  private void shootDown(boolean flush) {
    uses.launched(InvalidationScope.ADDRESS, PID, VA, 16);
    uses.takenBack(GPU, InvalidationScope.ADDRESS, PID, VA, 16, flush);
  }

  @Test
  void aUseInFlightDuringALaunchWithoutFlushEndsWithTheNextFlush() {
    int seen = cache.generation();
    cache.invalidate(InvalidationScope.ADDRESS, PID, VA, 16, false);
    shootDown(false);

    uses.add(GPU, PID, VA + 0x123, 16, cache, seen);

    assertThat(uses.lines("npu"))
        .singleElement()
        .asString()
        .contains("without flush (F = 1)", "GPU 04:00.0", "page 0x700000010000");
    uses.flushed(OTHER_GPU);
    assertThat(uses.count()).isEqualTo(1);
    uses.flushed(GPU);
    assertThat(uses.lines("npu")).isEmpty();
  }

  @Test
  void aUseAfterTheLastLaunchIsNotEndedByAFlush() {
    cache.invalidate(InvalidationScope.ADDRESS, PID, VA, 16, false);
    shootDown(false);

    uses.add(GPU, PID, VA, 16, cache, cache.generation());
    uses.flushed(GPU);

    assertThat(uses.count()).isEqualTo(1);
    shootDown(true);
    assertThat(uses.count()).isZero();
  }

  @Test
  void aShootdownOfAnotherGpuOrProcessTakesNothingBack() {
    uses.add(GPU, PID, VA, 16, cache, cache.generation());

    uses.takenBack(OTHER_GPU, InvalidationScope.ALL, 0, 0, 0, true);
    uses.takenBack(GPU, InvalidationScope.PROCESS, PID + 1, 0, 0, true);
    uses.takenBack(GPU, InvalidationScope.ADDRESS, PID, VA + 0x10000, 16, true);
    uses.takenBack(GPU, InvalidationScope.ADDRESS, PID, VA, 12, true);
    assertThat(uses.count()).isEqualTo(1);

    uses.takenBack(GPU, InvalidationScope.ADDRESS, PID, VA, 21, true);
    assertThat(uses.count()).isZero();
  }

  @Test
  void pagesAreKeptOnceAndBounded() {
    for (int i = 0; i < 200; i++) {
      uses.add(GPU, PID, VA, 16, cache, cache.generation());
    }
    assertThat(uses.count()).isEqualTo(1);

    for (int i = 0; i < 200; i++) {
      uses.add(GPU, PID, VA + i * 0x10000L, 16, cache, cache.generation());
    }
    assertThat(uses.count()).isEqualTo(64);
  }
}
