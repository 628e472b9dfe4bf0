package org.nvlink2vmm.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigSpaceTest {
  private final ConfigSpace space = new ConfigSpace(256);

  @Test
  void bytesAreLittleEndianAtAnyOffsetAndWidth() {
    space.set32(0x10, 0x44332211, 0, 0).set32(0x14, 0x88776655, 0, 0);
    assertThat(space.read(0x10, 1)).isEqualTo(0x11);
    assertThat(space.read(0x13, 1)).isEqualTo(0x44);
    assertThat(space.read(0x12, 2)).isEqualTo(0x4433);
    assertThat(space.read(0x13, 2)).isEqualTo(0x5544);
    assertThat(space.read(0x10, 4)).isEqualTo(0x44332211L);
    assertThat(space.read(0x11, 4)).isEqualTo(0x55443322L);
    assertThat(space.read(0x13, 4)).isEqualTo(0x77665544L);
    assertThat(space.read(0x14, 4)).isEqualTo(0x88776655L);
  }

  @Test
  void onlyWritableBitsChange() {
    space.set32(0x40, 0xffff0000, 0x00ff00ff, 0);
    space.write(0x40, 4, 0x12345678L);
    assertThat(space.read(0x40, 4)).isEqualTo(0xff340078L);
    space.write(0x42, 1, 0xab);
    assertThat(space.read(0x40, 4)).isEqualTo(0xffab0078L);
    space.write(0x43, 1, 0);
    assertThat(space.read(0x40, 4)).isEqualTo(0xffab0078L);
  }

  @Test
  void writingOneClearsAndWritingZeroKeeps() {
    space.set16(PciRegs.STATUS, 0xf900, 0, 0xf900);
    space.write(PciRegs.STATUS, 2, 0x1000);
    assertThat(space.read(PciRegs.STATUS, 2)).isEqualTo(0xe900);
    space.write(PciRegs.COMMAND, 2, 0xffff);
    assertThat(space.read(PciRegs.STATUS, 2)).isEqualTo(0xe900);
    space.write(PciRegs.COMMAND, 4, 0xffffffffL);
    assertThat(space.read(PciRegs.STATUS, 2)).isZero();
    space.write(PciRegs.STATUS, 2, 0xffff);
    assertThat(space.read(PciRegs.STATUS, 2)).isZero();
  }

  @Test
  void firmwareRuleClearsAReadOnlyClearableBitByAnyWriteToItsByte() {
    ConfigSpace cache = new ConfigSpace(256, WriteRule.RESTORE_THEN_CLEAR);
    cache.set32(0x48, 0x000f2810, 0x0000ffff, 0x000f0000);
    cache.write(0x48, 2, 0x1234);
    assertThat(cache.read(0x48, 4)).isEqualTo(0x000f1234L);
    cache.write(0x4a, 1, 0);
    assertThat(cache.read(0x48, 4)).isEqualTo(0x00001234L);
  }

  @Test
  void firmwareRuleSetsAWritableClearableBitThatIsZero() {
    ConfigSpace cache = new ConfigSpace(256, WriteRule.RESTORE_THEN_CLEAR);
    cache.set8(0x50, 0b0011, 0b1111, 0b1111);
    cache.write(0x50, 1, 0b0101);
    assertThat(cache.read(0x50, 1)).isEqualTo(0b0100);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, -4, 253, 254, 255, 256, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void anAccessAcrossABorderReadsAllOnesAndIsDropped(int offset) {
    ConfigSpace all = new ConfigSpace(256);
    for (int at = 0; at < 256; at += 4) {
      all.set32(at, 0, -1, 0);
    }
    assertThat(all.read(offset, 4)).isEqualTo(0xffffffffL);
    all.write(offset, 4, 0xffffffffL);
    all.store(offset, 4, -1);
    for (int at = 0; at < 256; at += 4) {
      assertThat(all.read(at, 4)).isZero();
    }
    assertThat(all.read(1L << 32, 4)).isEqualTo(0xffffffffL);
    assertThat(all.read(252, 4)).isZero();
    assertThat(all.read(0, 8)).isEqualTo(-1L);
    assertThatThrownBy(() -> all.set32(offset, 0, 0, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  /** Records what it sees; takes accesses of four bytes, refuses those of two, passes one. */
  private static final class Trap implements ConfigTrap {
    final List<String> seen = new ArrayList<>();

    @Override
    public long read(int offset, int size) {
      seen.add("r%d@%x".formatted(size, offset));
      return size == 1 ? PASS : size == 2 ? 0xffff : 0xcafe0001L;
    }

    @Override
    public boolean write(int offset, int size, int value) {
      seen.add("w%d@%x=%x".formatted(size, offset, value));
      return size != 1;
    }
  }

  @Test
  void aTrapTakesWhateverOverlapsItsRange() {
    Trap trap = new Trap();
    space.set32(0x84, 0x11223344, -1, 0).set32(0x88, 0x55667788, -1, 0).trap(0x85, 4, trap);
    assertThat(space.read(0x84, 1)).isEqualTo(0x44);
    assertThat(space.read(0x89, 1)).isEqualTo(0x77);
    assertThat(space.read(0x81, 4)).isEqualTo(0x44000000L);
    assertThat(trap.seen).isEmpty();
    assertThat(space.read(0x82, 4)).isEqualTo(0xcafe0001L);
    assertThat(space.read(0x84, 2)).isEqualTo(0xffff);
    assertThat(space.read(0x85, 1)).isEqualTo(0x33);
    assertThat(space.read(0x88, 1)).isEqualTo(0x88);
    space.write(0x88, 4, 0x99);
    space.write(0x88, 1, 0x199);
    assertThat(trap.seen)
        .containsExactly("r4@82", "r2@84", "r1@85", "r1@88", "w4@88=99", "w1@88=99");
    assertThat(space.load(0x88, 4)).isEqualTo(0x55667799L);
  }

  @Test
  void theFirstOfTwoTrapsGetsTheAccess() {
    Trap first = new Trap();
    Trap second = new Trap();
    space.trap(0x40, 4, first).trap(0x42, 6, second);
    space.read(0x42, 4);
    space.read(0x44, 4);
    assertThat(first.seen).containsExactly("r4@42");
    assertThat(second.seen).containsExactly("r4@44");
    assertThatThrownBy(() -> space.trap(0xfe, 4, first))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void theDeviceSideSeesNoMasksAndNoTraps() {
    Trap trap = new Trap();
    space.set32(0x40, 0, 0, 0).trap(0x40, 4, trap);
    space.store(0x41, 2, 0xbeef);
    space.update(0x40, 4, 0x0f0000f0, 0x12345678);
    assertThat(space.load(0x40, 4)).isEqualTo(0x02beef70L);
    assertThat(trap.seen).isEmpty();
    space.reset();
    assertThat(space.load(0x40, 4)).isZero();
  }

  @ParameterizedTest
  @EnumSource(WriteRule.class)
  void everySequenceAgreesWithAModelOfSingleBytes(WriteRule rule) {
    for (long seed = 1; seed <= 50; seed++) {
      ConfigSpaceModel model = new ConfigSpaceModel(seed, rule);
      for (int step = 0; step < 400; step++) {
        model.step();
      }
      model.compare();
    }
  }

  @Test
  void writersOfDifferentBytesOfAWordLoseNothing() throws InterruptedException {
    ConfigSpace shared = new ConfigSpace(256);
    shared.set32(0x40, 0, -1, 0);
    CountDownLatch start = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int lane = 0; lane < 4; lane++) {
      int offset = 0x40 + lane;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    await(start);
                    for (int i = 0; i <= 20_000; i++) {
                      shared.write(offset, 1, i & 0x7f);
                    }
                    shared.write(offset, 1, offset);
                  }));
    }
    start.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(shared.read(0x40, 4)).isEqualTo(0x43424140L);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
