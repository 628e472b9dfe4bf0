package org.nvlink2vmm.vmm.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AccessCountsTest {
  private final AccessCounts counts = new AccessCounts(256);
  private final int bar0 = counts.region("gpu0 bar0");
  private final int bar1 = counts.region("gpu0 bar1");

  @Test
  void registersAreToldApartByRegionOffsetAndWidthAndRanked() {
    counts.unmodelledRead(bar0, 0x100, 4, 7);
    counts.unmodelledWrite(bar0, 0x100, 4, 8);
    counts.unmodelledRead(bar0, 0x100, 2, 9);
    counts.unmodelledRead(bar1, 0x100, 4, 10);
    counts.unmodelledRead(bar1, 0x100, 4, 11);
    counts.unmodelledRead(bar1, 0x100, 4, 12);
    assertThat(counts.unmodelled())
        .containsExactly(
            new AccessCount("gpu0 bar1", 0x100, 4, 3, 0, 12),
            new AccessCount("gpu0 bar0", 0x100, 4, 1, 1, 8),
            new AccessCount("gpu0 bar0", 0x100, 2, 1, 0, 9));
    assertThat(counts.refused()).isEmpty();
  }

  @Test
  void refusedAccessesAreListedApart() {
    counts.refusedRead(bar0, 0, 8);
    counts.refusedWrite(bar0, (1L << 48) - 1, 1);
    assertThat(counts.refused())
        .containsExactly(
            new AccessCount("gpu0 bar0", (1L << 48) - 1, 1, 0, 1, 0),
            new AccessCount("gpu0 bar0", 0, 8, 1, 0, 0));
    assertThat(counts.unmodelled()).isEmpty();
  }

  @Test
  void aGuestThatTouchesEverythingFillsTheTableAndNoMore() {
    for (long offset = 0; offset < 1_000_000; offset += 4) {
      counts.unmodelledRead(bar0, offset, 4, 0);
    }
    long kept = counts.unmodelled().stream().mapToLong(AccessCount::total).sum();
    assertThat(counts.unmodelled()).hasSizeBetween(256, 512);
    assertThat(kept + counts.lost()).isEqualTo(250_000);
  }

  @Test
  void aCapacityOfRegistersFits() {
    for (long offset = 0; offset < 256; offset++) {
      counts.unmodelledRead(bar0, 4 * offset, 4, 0);
    }
    assertThat(counts.unmodelled()).hasSize(256);
    assertThat(counts.lost()).isZero();
  }

  @Test
  void pollingInVainIsReportedOnceAnEpisode() {
    for (int i = 0; i < AccessCounts.SPIN_READS - 1; i++) {
      counts.polled(bar0, 0x20, 8, 1);
    }
    assertThat(counts.spins()).isEmpty();
    for (int i = 0; i < 3 * AccessCounts.SPIN_READS; i++) {
      counts.polled(bar0, 0x20, 8, 5);
    }
    assertThat(counts.spins()).containsExactly(new Spin("gpu0 bar0", 0x20, 8, 5));
    counts.written();
    for (int i = 0; i < AccessCounts.SPIN_READS; i++) {
      counts.polled(bar0, 0x20, 8, 6);
    }
    assertThat(counts.spins()).hasSize(2);
    assertThat(counts.spinCount()).isEqualTo(2);
  }

  @Test
  void aWriteOrAnotherRegisterEndsTheEpisode() {
    for (int i = 0; i < 2 * AccessCounts.SPIN_READS; i++) {
      counts.polled(bar0, 0x20, 4, 0);
      counts.polled(bar0, 0x24, 4, 0);
    }
    for (int i = 0; i < 2 * AccessCounts.SPIN_READS; i++) {
      counts.polled(bar0, 0x20, 4, 0);
      if (i % 1000 == 0) {
        counts.written();
      }
    }
    assertThat(counts.spins()).isEmpty();
  }

  @Test
  void threadsLoseNoCount() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int lane = 0; lane < 4; lane++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < 50_000; i++) {
                      counts.unmodelledRead(bar0, 4L * (i % 64), 4, i);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(counts.unmodelled()).hasSize(64);
    assertThat(counts.unmodelled().stream().mapToLong(AccessCount::reads).sum()).isEqualTo(200_000);
  }

  @Test
  void regionsAreLimited() {
    for (int i = 2; i < AccessCounts.MAX_REGIONS; i++) {
      counts.region("region " + i);
    }
    assertThatThrownBy(() -> counts.region("one more")).isInstanceOf(IllegalStateException.class);
    counts.unmodelledRead(AccessCounts.MAX_REGIONS - 1, 0, 4, 0);
    assertThat(counts.unmodelled().getFirst().region())
        .isEqualTo("region " + (AccessCounts.MAX_REGIONS - 1));
  }
}
