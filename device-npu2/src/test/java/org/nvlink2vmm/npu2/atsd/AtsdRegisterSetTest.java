package org.nvlink2vmm.npu2.atsd;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.trace.AccessCounts;

/** LAUNCH, AVA and STAT as Linux and NVIDIA's driver use them. */
final class AtsdRegisterSetTest {
  private final List<String> launches = new ArrayList<>();
  private final MistakeLog mistakes = new MistakeLog("npu");
  private boolean ends = true;
  private final AtsdRegisterSet registers =
      new AtsdRegisterSet(
          3,
          (register, launch, ava) -> {
            launches.add("%d %016x %x".formatted(register, launch, ava));
            return ends;
          },
          mistakes);

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "000c002468000000, PROCESS, 1234, 12, false",
    "0005402468000000, ADDRESS, 1234, 16, false",
    "0004402468000000, ADDRESS, 1234, 21, false",
    "0004802468000000, ADDRESS, 1234, 30, false",
    "000c00000a000000, PROCESS, 5, 12, false",
    "000540000a000000, ADDRESS, 5, 16, false",
    "000440000a000000, ADDRESS, 5, 21, false",
    "000480000a000000, ADDRESS, 5, 30, false",
    "000c000000000000, PROCESS, 0, 12, false",
    "000540000b000000, ADDRESS, 5, 16, true",
    "0014000000000000, PARTITION, 0, 12, false",
    "001c000000000000, ALL, 0, 12, false",
    "0004c0000a000000, ADDRESS, 5, 0, false"
  })
  void launchWordsDecode(
      String word, InvalidationScope scope, String pid, int shift, boolean noFlush) {
    long launch = Long.parseUnsignedLong(word, 16);

    assertThat(AtsdLaunch.scope(launch)).isEqualTo(scope);
    assertThat(AtsdLaunch.pid(launch)).isEqualTo(Integer.parseInt(pid, 16));
    assertThat(AtsdLaunch.pageShift(launch)).isEqualTo(shift);
    assertThat(AtsdLaunch.noFlush(launch)).isEqualTo(noFlush);
    assertThat(AtsdLaunch.processScoped(launch)).isTrue();
  }

  @ParameterizedTest(name = "RIC {0}")
  @CsvSource({"0, true", "1, false", "2, true", "3, true"})
  void onlyThePageWalkCacheAloneDropsNoTranslations(int ric, boolean drops) {
    long launch = (long) ric << 61 | 0x000540000a000000L;

    assertThat(AtsdLaunch.ric(launch)).isEqualTo(ric);
    assertThat(AtsdLaunch.dropsTranslations(launch)).isEqualTo(drops);
    assertThat(AtsdLaunch.pid(launch)).isEqualTo(5);
  }

  @Test
  void avaAloneHasNoEffectAndKeepsPageBits() {
    registers.write(8, 8, 0x123456789abcdefL);

    assertThat(launches).isEmpty();
    assertThat(registers.read(8, 8)).isEqualTo(0x123456789abc000L);
    assertThat(registers.read(0x10, 8)).isZero();
  }

  @Test
  void registersAreBigEndianInMemory() {
    AddressSpace space = new AddressSpace("host", 1L << 40);
    try (MemoryTransaction change = space.change()) {
      change.map(
          space.root(),
          0,
          new MemoryRegion.Mmio(
              "atsd",
              AtsdRegisterSet.PAGE_SIZE,
              AtsdPage.RULES,
              new AtsdPage(registers, new AccessCounts(16), "atsd")));
    }

    space.write(8, 8, 0x0000_0000_0000_0070L, ByteOrder.LITTLE_ENDIAN);
    space.write(0, 8, 0x0000_0068_2440_0500L, ByteOrder.LITTLE_ENDIAN);

    assertThat(launches).containsExactly("3 0005402468000000 7000000000000000");
  }

  @Test
  void asTwoWordsTheLowOneLaunches() {
    registers.write(8, 4, 0x7000);
    registers.write(12, 4, 0x12345678);
    registers.write(0, 4, 0x00054024);
    assertThat(launches).isEmpty();

    registers.write(4, 4, 0x68000000);

    assertThat(launches).containsExactly("3 0005402468000000 700012345000");
    assertThat(registers.read(4, 4)).isEqualTo(0x68000000L);
  }

  @Test
  void theRestOfThePageReadsZero() {
    registers.write(0x18, 8, -1);

    assertThat(registers.read(0x18, 8)).isZero();
    assertThat(registers.read(0xfff8, 8)).isZero();
  }

  @Test
  void anUnfinishedLaunchStaysBusyUntilItIsRetried() {
    ends = false;
    registers.write(0, 8, 1L << 51);
    assertThat(registers.read(0x10, 8)).isNotZero();
    registers.write(0, 8, 1L << 51);
    assertThat(mistakes.count(Mistake.LAUNCH_WHILE_BUSY)).isEqualTo(1);

    ends = true;
    registers.retry();

    assertThat(registers.read(0x10, 8)).isZero();
    assertThat(launches).hasSize(2);
    registers.retry();
    assertThat(launches).hasSize(2);
  }

  @Test
  void anotherThreadSeesBusyThenDone() throws InterruptedException {
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtsdRegisterSet slow =
        new AtsdRegisterSet(
            0,
            (register, launch, ava) -> {
              running.countDown();
              try {
                goOn.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return true;
            },
            mistakes);
    Thread launcher = Thread.ofPlatform().start(() -> slow.write(0, 8, 1L << 51));
    running.await();

    assertThat(slow.read(0x10, 8)).isNotZero();
    goOn.countDown();
    launcher.join();

    assertThat(slow.read(0x10, 8)).isZero();
  }

  @Test
  void launchesByProcessNeedNoAddress() {
    registers.write(0, 8, 0x000c00000a000000L);
    registers.read(0x10, 8);
    registers.write(0, 8, 0x000c00000a000000L);

    assertThat(mistakes.lines()).isEmpty();
  }
}
