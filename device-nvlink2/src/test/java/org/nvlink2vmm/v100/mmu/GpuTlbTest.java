package org.nvlink2vmm.v100.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.TranslationAgent;

/** The cache drops what it must, never shows what was dropped, and may forget the rest. */
final class GpuTlbTest {
  private static final long VA = 0x7_1234_0000_0000L;

  private final GpuTlb tlb = new GpuTlb(new TlbShape(64, 4));

  private static long answer(long hpa, int shift) {
    return hpa | shift | TranslationAgent.WRITABLE;
  }

  private void fill(int pid, long address, long answer) {
    tlb.fill(tlb.generation(), pid, address, answer);
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 16, 21, 30})
  void aPageIsFoundAtItsFirstAndLastByteAndNotBeyond(int shift) {
    long page = VA & -(1L << shift);
    fill(5, page + 123, answer(1L << 40, shift));

    assertThat(tlb.lookup(5, page, true)).isEqualTo(answer(1L << 40, shift));
    assertThat(tlb.lookup(5, page + (1L << shift) - 1, false)).isEqualTo(answer(1L << 40, shift));
    assertThat(tlb.lookup(5, page + (1L << shift), false)).isEqualTo(GpuTlb.MISS);
    assertThat(tlb.lookup(5, page - 1, false)).isEqualTo(GpuTlb.MISS);
    assertThat(tlb.lookup(6, page, false)).isEqualTo(GpuTlb.MISS);
  }

  @Test
  void aWriteNeedsAnAnswerThatAllowsIt() {
    fill(5, VA, 1L << 40 | 16);

    assertThat(tlb.lookup(5, VA, false)).isEqualTo(1L << 40 | 16);
    assertThat(tlb.lookup(5, VA, true)).isEqualTo(GpuTlb.MISS);
  }

  @Test
  void aFillThatAShootdownOvertookIsThrownAway() {
    int seen = tlb.generation();
    tlb.invalidate(InvalidationScope.ADDRESS, 9, 0, 16, true);
    tlb.fill(seen, 5, VA, answer(1L << 40, 16));

    assertThat(tlb.lookup(5, VA, false)).isEqualTo(GpuTlb.MISS);
  }

  @ParameterizedTest(name = "{0} of PID {1}")
  @CsvSource({
    "PROCESS, 5, 1",
    "PROCESS, 6, 0",
    "PROCESS, 1048575, 0",
    "PARTITION, 0, 1",
    "ALL, 0, 1"
  })
  void wholeScopes(InvalidationScope scope, int pid, int gone) {
    fill(5, VA, answer(1L << 40, 16));

    assertThat(tlb.invalidate(scope, pid, 0, 0, true)).isEqualTo(gone);
    assertThat(tlb.lookup(5, VA, false) == GpuTlb.MISS).isEqualTo(gone == 1);
    fill(5, VA, answer(1L << 41, 16));
    assertThat(tlb.lookup(5, VA, false)).isEqualTo(answer(1L << 41, 16));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void whatIsFoundIsWhatAPlainMapHolds(long seed) {
    Random random = new Random(seed);
    Map<String, Long> model = new HashMap<>();
    int[] shifts = {16, 21};
    for (int i = 0; i < 20_000; i++) {
      int pid = random.nextInt(3) * 1024;
      int shift = shifts[random.nextInt(2)];
      long page = (long) random.nextInt(24) << 21 | (shift == 16 ? random.nextInt(32) << 16 : 0);
      page += shift == 21 ? 1L << 40 : 0;
      String key = pid + ":" + page;
      switch (random.nextInt(8)) {
        case 0 -> {
          tlb.invalidate(InvalidationScope.PROCESS, pid, 0, 0, true);
          model.keySet().removeIf(one -> one.startsWith(pid + ":"));
        }
        case 1 -> {
          tlb.invalidate(InvalidationScope.ADDRESS, pid, page, shift, true);
          model.remove(key);
        }
        case 2, 3, 4 -> {
          long fresh = answer(((long) i + 1) << 22, shift);
          fill(pid, page, fresh);
          model.put(key, fresh);
        }
        default -> {
          long found = tlb.lookup(pid, page, true);
          assertThat(found == GpuTlb.MISS || Long.valueOf(found).equals(model.get(key)))
              .as("seed %d step %d: %x, expected %s", seed, i, found, model.get(key))
              .isTrue();
        }
      }
    }
    assertThat(tlb.hits()).isPositive();
  }
}
