package org.nvlink2vmm.vmm.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.trace.RecentAccesses.Access;

class RecentAccessesTest {
  private final RecentAccesses recent = new RecentAccesses();

  @Test
  void nothingIsListedBeforeAnythingWasNoted() {
    assertThat(recent.list()).isEmpty();
    assertThat(recent.count()).isZero();
  }

  @Test
  void anAccessIsKeptAsItWasMade() {
    recent.memory(true, 0x123456789aL, 8, -1);
    recent.config(false, 0x800000020000000L, 0xf0fffffc, 2, 0x10de);
    Access write = recent.list().getFirst();
    assertThat(write.write()).isTrue();
    assertThat(write.config()).isFalse();
    assertThat(write.address()).isEqualTo(0x123456789aL);
    assertThat(write.size()).isEqualTo(8);
    assertThat(write.value()).isEqualTo(-1);
    assertThat(write.thread()).isEqualTo(Thread.currentThread().getName());
    assertThat(write.returnAddress()).isZero();
    Access read = recent.list().getLast();
    assertThat(read.write()).isFalse();
    assertThat(read.config()).isTrue();
    assertThat(read.bus()).isEqualTo(0x800000020000000L);
    assertThat(read.address()).isEqualTo(0xf0fffffcL);
    assertThat(read.size()).isEqualTo(2);
    assertThat(read.nanoTime()).isGreaterThanOrEqualTo(write.nanoTime());
  }

  @Test
  void theLastOnesAreKeptTheOldestFirst() {
    for (int i = 0; i < 100; i++) {
      recent.memory(false, i, 4, i);
    }
    assertThat(recent.count()).isEqualTo(100);
    assertThat(recent.list())
        .extracting(Access::address)
        .containsExactlyElementsOf(
            LongStream.range(100 - RecentAccesses.KEPT, 100).boxed().toList());
  }

  @Test
  void aProcessorSaysWhereItIs() throws InterruptedException {
    Thread thread = new Cpu(() -> recent.memory(false, 1, 1, 1));
    thread.start();
    thread.join();
    Access access = recent.list().getFirst();
    assertThat(access.thread()).isEqualTo("cpu 7");
    assertThat(access.returnAddress()).isEqualTo(0x1000);
    assertThat(access.instructions()).isEqualTo(99);
  }

  private static final class Cpu extends Thread implements RecentAccesses.Processor {
    Cpu(Runnable work) {
      super(work, "cpu 7");
    }

    @Override
    public long returnAddress() {
      return 0x1000;
    }

    @Override
    public long instructions() {
      return 99;
    }
  }
}
