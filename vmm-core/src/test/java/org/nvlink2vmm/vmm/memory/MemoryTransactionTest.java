package org.nvlink2vmm.vmm.memory;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class MemoryTransactionTest {
  private static final int SIZE = 0x1000;

  private final AddressSpace space = new AddressSpace("test", 1L << 32);
  private final MemoryRegion one = ram(1);
  private final MemoryRegion two = ram(2);

  private static MemoryRegion ram(int content) {
    MemorySegment segment = Arena.ofAuto().allocate(SIZE, 8);
    segment.fill((byte) content);
    return new MemoryRegion.Ram("ram" + content, segment);
  }

  private long byteAt(long gpa) {
    return space.read(gpa, 1, LITTLE_ENDIAN);
  }

  @Test
  void nothingShowsBeforeTheTransactionIsClosed() {
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, one);
      assertThat(byteAt(0)).isEqualTo(0xff);
    }
    assertThat(byteAt(0)).isEqualTo(1);
  }

  @Test
  void anInnerTransactionShowsWithTheOuterOne() {
    try (MemoryTransaction outer = space.change()) {
      try (MemoryTransaction inner = space.change()) {
        inner.map(space.root(), 0, one);
      }
      assertThat(byteAt(0)).isEqualTo(0xff);
      outer.map(space.root(), SIZE, two);
    }
    assertThat(byteAt(0)).isEqualTo(1);
    assertThat(byteAt(SIZE)).isEqualTo(2);
  }

  @Test
  void anInnerTransactionShowsEvenWhenTheOuterOneChangesNothing() {
    try (MemoryTransaction outer = space.change()) {
      assertThat(outer).isNotNull();
      try (MemoryTransaction inner = space.change()) {
        inner.map(space.root(), 0, one);
      }
    }
    assertThat(byteAt(0)).isEqualTo(1);
  }

  @Test
  void aClosedTransactionChangesNothingMore() {
    MemoryTransaction change = space.change();
    change.close();
    change.close();
    assertThatThrownBy(() -> change.map(space.root(), 0, one))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> change.unmap(space.root(), one))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void readersNeverSeeTheHoleBetweenTwoRegionsThatChangePlaces() throws InterruptedException {
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, one).map(space.root(), SIZE, two);
    }
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<String> wrong = new AtomicReference<>("");
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!done.get()) {
                    long seen = byteAt(0);
                    if (seen != 1 && seen != 2) {
                      wrong.set("read " + seen);
                    }
                  }
                });
    for (int i = 0; i < 3_000; i++) {
      MemoryRegion low = (i & 1) == 0 ? one : two;
      MemoryRegion high = (i & 1) == 0 ? two : one;
      try (MemoryTransaction change = space.change()) {
        change.move(space.root(), SIZE, low).move(space.root(), 0, high);
      }
    }
    done.set(true);
    reader.join();
    assertThat(wrong.get()).isEmpty();
    assertThat(byteAt(0)).isEqualTo(1);
    assertThat(space.counts().unclaimedReads()).isZero();
  }
}
