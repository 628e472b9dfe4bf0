package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RadixTreeTest {
  private static final long ROOM_AT = 2 * RadixTree.ROOM;
  private static final long VALID = 1L << 63;
  private static final long LEAF = 1L << 62;

  private final ScriptedMachine machine = new ScriptedMachine();
  private final RadixTree tree = new RadixTree(machine, ROOM_AT);

  /** The leaf of an address, found by the tables alone (Power ISA 3.0 B, 5.7.10); 0 for none. */
  private long leaf(long address) {
    long entry = tree.processEntry();
    int left = (int) ((entry >>> 61 & 3) << 3 | (entry >>> 5 & 7)) + 31;
    do {
      int bits = (int) entry & 31;
      left -= bits;
      long index = address >>> left & ((1L << bits) - 1);
      entry = machine.load((entry & 0x0fffffffffffff00L) + 8 * index, 8, BIG_ENDIAN);
    } while ((entry & VALID) != 0 && (entry & LEAF) == 0);
    return entry;
  }

  @Test
  void anEmptyTreeMapsNothing() {
    assertThat(tree.processEntry()).isEqualTo(2L << 61 | 5 << 5 | ROOM_AT | 13);
    assertThat(leaf(0)).isZero();
    assertThat(leaf((1L << 52) - 1)).isZero();
  }

  @Test
  void aPageIsFoundWhereItWasMappedWithItsRightsAndNotBesides() {
    tree.map(0x7_0001_0000L, RadixTree.SHIFT_64K, 0x123_0000, RadixTree.READ_WRITE);
    tree.map(0x7_0002_0000L, RadixTree.SHIFT_64K, 0x124_0000, RadixTree.READ);
    assertThat(leaf(0x7_0001_ffffL)).isEqualTo(VALID | LEAF | 0x123_0006L);
    assertThat(leaf(0x7_0002_0000L)).isEqualTo(VALID | LEAF | 0x124_0004L);
    assertThat(leaf(0x7_0000_ffffL)).isZero();
    assertThat(leaf(0x7_0003_0000L)).isZero();
  }

  @Test
  void aLargePageCoversTwoMebibytes() {
    tree.map(0x4000_0000L, RadixTree.SHIFT_2M, 0x20_0000, RadixTree.READ);
    assertThat(leaf(0x401f_ffffL)).isEqualTo(VALID | LEAF | 0x20_0004L);
    assertThat(leaf(0x4020_0000L)).isZero();
  }

  @Test
  void anUnmappedPageIsGoneAndItsNeighbourStays() {
    tree.map(0x1_0000, RadixTree.SHIFT_64K, 0x1_0000, RadixTree.READ);
    tree.map(0x2_0000, RadixTree.SHIFT_64K, 0x2_0000, RadixTree.READ);
    tree.unmap(0x1_0000, RadixTree.SHIFT_64K);
    assertThat(leaf(0x1_0000)).isZero();
    assertThat(leaf(0x2_0000)).isNotZero();
  }

  @Test
  void manyPagesAreAllFound() {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      Map<Long, Long> mapped = new HashMap<>();
      RadixTree fresh = new RadixTree(machine, ROOM_AT);
      for (int i = 0; i < 100; i++) {
        long address = (random.nextLong() & 0xf_000f_00ffL) << 16;
        long gpa = random.nextLong(1L << 30) << 16;
        fresh.map(address, RadixTree.SHIFT_64K, gpa, RadixTree.READ_WRITE);
        mapped.put(address, VALID | LEAF | gpa | RadixTree.READ_WRITE);
      }
      int number = seed;
      mapped.forEach((at, entry) -> assertThat(leaf(at)).as("seed %d", number).isEqualTo(entry));
    }
  }

  @Test
  void aTreeThatOutgrowsItsRoomSaysSoAndStaysInside() {
    assertThatThrownBy(
            () -> {
              for (long i = 0; i < 1000; i++) {
                tree.map(i << 39, RadixTree.SHIFT_64K, 0, RadixTree.READ);
              }
            })
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the page tables at 0x200000 are full");
    for (long at = ROOM_AT + RadixTree.ROOM; at < ScriptedMachine.MEMORY; at += 8) {
      assertThat(machine.load(at, 8, BIG_ENDIAN)).isZero();
    }
  }
}
