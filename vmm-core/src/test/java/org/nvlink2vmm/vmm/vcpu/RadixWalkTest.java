package org.nvlink2vmm.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class RadixWalkTest {
  private static final long PROCESS_TABLE = 0x10000;
  private static final long ROOT = 0x20000;
  private static final long LEVEL_2 = 0x30000;
  private static final long LEVEL_3 = 0x31000;
  private static final long LEVEL_4 = 0x32000;
  private static final long VALID = 1L << 63;
  private static final long LEAF = 1L << 62;
  private static final long READ = 4;
  private static final long WRITE = 2;
  private static final long EXECUTE = 1;
  private static final long PRIVILEGED = 8;
  private static final long EA = 0x000a_bcde_1234_5678L;

  private final TestGuest guest = new TestGuest();
  private final RadixWalk walk = new RadixWalk(guest.space);

  private void put(long gpa, long entry) {
    guest.space.write(gpa, 8, entry, ByteOrder.BIG_ENDIAN);
  }

  private long entryOf(long ea) {
    return LEVEL_4 + 8 * (ea >>> 16 & 31);
  }

  /** The tables of a 64K-page Linux: 13, 9, 9 and 5 bits over 52. */
  private void map(long leaf) {
    // Root size 13; the tree covers 52 bits: RTS 21 = 0b10101.
    put(PROCESS_TABLE + 16, 2L << 61 | 5 << 5 | ROOT | 13);
    put(ROOT + 8 * (EA >>> 39), VALID | LEVEL_2 | 9);
    put(LEVEL_2 + 8 * (EA >>> 30 & 511), VALID | LEVEL_3 | 9);
    put(LEVEL_3 + 8 * (EA >>> 21 & 511), VALID | LEVEL_4 | 5);
    put(entryOf(EA), leaf);
  }

  private long translate(long ea, int access, boolean problem) {
    return walk.translate(ea, access, problem, PROCESS_TABLE, 0, 1);
  }

  @Test
  void aPageOfTheLastLevelIsFoundAndMarked() {
    map(VALID | LEAF | 0x50000 | READ | WRITE);
    assertThat(translate(EA, RadixWalk.LOAD, true)).isEqualTo(0x55678);
    assertThat(guest.space.read(entryOf(EA), 8, ByteOrder.BIG_ENDIAN) & 0x180).isEqualTo(0x100);
    assertThat(translate(EA, RadixWalk.STORE, true)).isEqualTo(0x55678);
    assertThat(guest.space.read(entryOf(EA), 8, ByteOrder.BIG_ENDIAN) & 0x180).isEqualTo(0x180);
  }

  @Test
  void anObserverMindsNoPermissionAndLeavesNoMark() {
    map(VALID | LEAF | 0x50000 | PRIVILEGED);
    RadixWalk observer = RadixWalk.ofObserver(guest.space);
    assertThat(observer.translate(EA, RadixWalk.LOAD, true, PROCESS_TABLE, 0, 1))
        .isEqualTo(0x55678);
    assertThat(guest.space.read(entryOf(EA), 8, ByteOrder.BIG_ENDIAN) & 0x180).isZero();
    assertThat(translate(EA, RadixWalk.LOAD, true)).isNegative();
  }

  @Test
  void aLeafOfAHigherLevelIsALargePage() {
    map(0);
    put(LEVEL_3 + 8 * (EA >>> 21 & 511), VALID | LEAF | 0x40000000 | READ);
    assertThat(translate(EA, RadixWalk.LOAD, true)).isEqualTo(0x40000000 | (EA & 0x1fffff));
  }

  @Test
  void aStoreToAReadOnlyPageIsAProtectionFault() {
    map(VALID | LEAF | 0x50000 | READ);
    assertThat(translate(EA, RadixWalk.STORE, true)).isNegative();
    assertThat(walk.failure).isEqualTo(Vector.PROTECTED);
  }

  @Test
  void problemStateDoesNotReachPrivilegedPages() {
    map(VALID | LEAF | 0x50000 | READ | PRIVILEGED);
    assertThat(translate(EA, RadixWalk.LOAD, true)).isNegative();
    assertThat(translate(EA, RadixWalk.LOAD, false)).isEqualTo(0x55678);
  }

  @Test
  void fetchingNeedsTheExecuteBit() {
    map(VALID | LEAF | 0x50000 | READ | WRITE);
    assertThat(translate(EA, RadixWalk.FETCH, true)).isNegative();
    assertThat(walk.failure).isEqualTo(Vector.NO_EXECUTE);
    map(VALID | LEAF | 0x50000 | EXECUTE);
    assertThat(translate(EA, RadixWalk.FETCH, true)).isEqualTo(0x55678);
  }

  @Test
  void anInvalidEntryIsNoTranslation() {
    map(0);
    assertThat(translate(EA, RadixWalk.LOAD, true)).isNegative();
    assertThat(walk.failure).isEqualTo(Vector.NO_TRANSLATION);
  }

  @Test
  void addressesBeyondTheTreeAndTheMiddleQuadrantsAreSegmentFaults() {
    map(VALID | LEAF | READ);
    for (long ea : new long[] {1L << 52, 1L << 62, 2L << 62}) {
      assertThat(translate(ea, RadixWalk.LOAD, true)).isNegative();
      assertThat(walk.failure).isZero();
    }
  }

  @Test
  void tablesThatPointAtThemselvesEnd() {
    put(PROCESS_TABLE + 16, 2L << 61 | 5 << 5 | ROOT | 13);
    put(ROOT, VALID | ROOT | 9);
    assertThat(translate(0, RadixWalk.LOAD, true)).isNegative();
    assertThat(walk.failure).isEqualTo(Vector.BAD_TABLE);
  }

  @Test
  void aProcessOutsideTheTableIsNoTranslation() {
    assertThat(walk.translate(EA, RadixWalk.LOAD, true, PROCESS_TABLE, 0, 0xfffff)).isNegative();
  }
}
