package org.nvlink2vmm.vmm.memory;

import static java.nio.ByteOrder.BIG_ENDIAN;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.trace.RecentAccesses;

class AddressSpaceTest {
  private final AddressSpace space = new AddressSpace("test", 1L << 48);

  private MemorySegment mapRam(long gpa, int size) {
    MemorySegment segment = Arena.ofAuto().allocate(size, 8);
    try (var change = space.change()) {
      change.map(space.root(), gpa, new MemoryRegion.Ram("ram", segment));
    }
    return segment;
  }

  private Registers mapRegisters(long gpa, int size, AccessRules rules) {
    Registers registers = new Registers();
    try (var change = space.change()) {
      change.map(space.root(), gpa, new MemoryRegion.Mmio("registers", size, rules, registers));
    }
    return registers;
  }

  /** Answers each read with its own offset and remembers writes. */
  private static final class Registers extends MmioHandler {
    final List<String> accesses = new ArrayList<>();

    @Override
    public long read(long offset, int size) {
      accesses.add("r" + size + "@" + offset);
      return 0x0807060504030201L + 0x0101010101010101L * offset;
    }

    @Override
    public void write(long offset, int size, long value) {
      accesses.add("w" + size + "@" + offset + "=" + Long.toHexString(value));
    }
  }

  @Test
  void ramKeepsBytesInTheOrderThatTheAccessNames() {
    mapRam(0x1000, 0x1000);
    for (int size : new int[] {1, 2, 4, 8}) {
      space.write(0x1003, size, 0x8877665544332211L, BIG_ENDIAN);
      long expected = 0x8877665544332211L & AddressSpace.ones(size);
      assertThat(space.read(0x1003, size, BIG_ENDIAN)).isEqualTo(expected);
      assertThat(space.read(0x1003, size, LITTLE_ENDIAN))
          .isEqualTo(Long.reverseBytes(expected) >>> (64 - 8 * size));
    }
  }

  @Test
  void whatNothingClaimsReadsAllOnesAndIsCounted() {
    mapRam(0x1000, 0x1000);
    assertThat(space.read(0x500, 4, LITTLE_ENDIAN)).isEqualTo(0xffffffffL);
    assertThat(space.read(0xffe, 4, BIG_ENDIAN)).isEqualTo(0xffffffffL);
    assertThat(space.read(0x1ffe, 4, BIG_ENDIAN)).isEqualTo(0xffffffffL);
    assertThat(space.read(-8, 8, BIG_ENDIAN)).isEqualTo(-1L);
    assertThat(space.write(0x2000, 1, 0, BIG_ENDIAN)).isEqualTo(BusResult.UNCLAIMED);
    assertThat(space.counts().unclaimedReads()).isEqualTo(4);
    assertThat(space.counts().unclaimedWrites()).isEqualTo(1);
    assertThat(space.counts().lastAddress()).isEqualTo(0x2000);
  }

  @Test
  void everyOffsetOfARegionAnswersAndItsNeighboursDoNot() {
    mapRegisters(0x100, 0x10, AccessRules.ANY_LITTLE);
    for (long gpa = 0xf0; gpa < 0x120; gpa++) {
      BusResult expected = gpa >= 0x100 && gpa <= 0x10c ? BusResult.OK : BusResult.UNCLAIMED;
      assertThat(space.probe(gpa, 4)).as("at %x", gpa).isEqualTo(expected);
    }
  }

  @Test
  void handlersGetNumbersInTheirOwnByteOrder() {
    Registers big = mapRegisters(0, 0x100, new AccessRules(1, 8, false, 8, BIG_ENDIAN));
    assertThat(space.read(0, 4, BIG_ENDIAN)).isEqualTo(0x04030201L);
    assertThat(space.read(0, 4, LITTLE_ENDIAN)).isEqualTo(0x01020304L);
    space.write(8, 4, 0x11223344L, LITTLE_ENDIAN);
    assertThat(big.accesses).endsWith("w4@8=44332211");
  }

  @Test
  void anAccessWiderThanTheHandlerIsSplitFromTheLowestAddress() {
    Registers bar = mapRegisters(0, 0x100, AccessRules.PCI_BAR);
    space.write(8, 8, 0x8877665544332211L, LITTLE_ENDIAN);
    space.write(16, 8, 0x8877665544332211L, BIG_ENDIAN);
    assertThat(bar.accesses)
        .containsExactly("w4@8=44332211", "w4@12=88776655", "w4@16=55667788", "w4@20=11223344");
    bar.accesses.clear();
    assertThat(space.read(0, 8, LITTLE_ENDIAN)).isEqualTo(0x0807060504030201L);
    assertThat(bar.accesses).containsExactly("r4@0", "r4@4");
  }

  @Test
  void aWidthOrAlignmentThatTheRulesForbidIsRefusedAndCounted() {
    Registers registers = mapRegisters(0, 0x100, new AccessRules(4, 4, true, 4, LITTLE_ENDIAN));
    assertThat(space.read(0, 2, LITTLE_ENDIAN)).isEqualTo(0xffffL);
    assertThat(space.read(2, 4, LITTLE_ENDIAN)).isEqualTo(0xffffffffL);
    assertThat(space.write(0, 8, 1, LITTLE_ENDIAN)).isEqualTo(BusResult.REFUSED);
    assertThat(registers.accesses).isEmpty();
    assertThat(space.counts().refusedReads()).isEqualTo(2);
    assertThat(space.counts().refusedWrites()).isEqualTo(1);
  }

  @Test
  void accessesToDevicesAreNotedAndThoseToRamAreNot() {
    mapRam(0x1000, 0x1000);
    mapRegisters(0x100, 0x100, new AccessRules(4, 8, true, 4, BIG_ENDIAN));
    RecentAccesses recent = new RecentAccesses();
    space.noteIn(recent);
    space.write(0x1000, 8, 1, LITTLE_ENDIAN);
    space.read(0x1000, 8, LITTLE_ENDIAN);
    assertThat(recent.count()).isZero();
    space.write(0x104, 4, 0xff11223344L, LITTLE_ENDIAN);
    long split = space.read(0x108, 8, LITTLE_ENDIAN);
    space.read(0x101, 1, BIG_ENDIAN);
    space.write(0x5000, 2, 7, BIG_ENDIAN);
    space.read(0x5000, 8, BIG_ENDIAN);
    assertThat(recent.list())
        .extracting(access -> access.write() + " " + access.address() + " " + access.size())
        .containsExactly(
            "true 260 4", "false 264 8", "false 257 1", "true 20480 2", "false 20480 8");
    assertThat(recent.list())
        .extracting(RecentAccesses.Access::value)
        .containsExactly(0x11223344L, split, 0xffL, 7L, -1L);
  }

  @Test
  void higherPrioritiesHideLowerOnesAndLaterOnesEarlier() {
    MemorySegment below = mapRam(0, 0x1000);
    MemorySegment later = MemorySegment.ofArray(new byte[0x100]);
    MemorySegment above = MemorySegment.ofArray(new byte[0x10]);
    try (var change = space.change()) {
      change.map(space.root(), 0x480, new MemoryRegion.Ram("above", above), 1);
      change.map(space.root(), 0x400, new MemoryRegion.Ram("later", later));
    }
    for (long gpa = 0; gpa < 0x1000; gpa++) {
      space.write(gpa, 1, 1, LITTLE_ENDIAN);
    }
    assertThat(ones(above)).isEqualTo(0x10);
    assertThat(ones(later)).isEqualTo(0xf0);
    assertThat(ones(below)).isEqualTo(0xf00);
  }

  private static long ones(MemorySegment segment) {
    long count = 0;
    for (long i = 0; i < segment.byteSize(); i++) {
      count += segment.get(ValueLayout.JAVA_BYTE, i);
    }
    return count;
  }

  @Test
  void anAliasShowsPartOfAnotherRegionAtASecondPlace() {
    MemorySegment segment = mapRam(0, 0x1000);
    var target = new MemoryRegion.Ram("target", segment);
    try (var change = space.change()) {
      change.map(space.root(), 0x10000, new MemoryRegion.Alias("alias", target, 0x800, 0x100));
    }
    space.write(0x10010, 4, 0xcafe, LITTLE_ENDIAN);
    assertThat(space.read(0x810, 4, LITTLE_ENDIAN)).isEqualTo(0xcafe);
    assertThat(space.probe(0x10100, 1)).isEqualTo(BusResult.UNCLAIMED);
  }

  @Test
  void aMovedRegionIsNeverSeenTwiceNorMissing() {
    var container = new MemoryRegion.Container("window", 0x10000);
    var region = new MemoryRegion.Ram("bar", MemorySegment.ofArray(new byte[0x100]));
    try (var change = space.change()) {
      change.map(space.root(), 0x100000, container).map(container, 0, region);
    }
    try (var change = space.change()) {
      change.move(container, 0x8000, region);
      assertThat(space.probe(0x100000, 4)).isEqualTo(BusResult.OK);
    }
    assertThat(space.probe(0x100000, 4)).isEqualTo(BusResult.UNCLAIMED);
    assertThat(space.probe(0x108000, 4)).isEqualTo(BusResult.OK);
  }

  @Test
  void bytesCrossRegionBordersAndStopAtNothing() {
    mapRam(0x1000, 0x1000);
    mapRam(0x2000, 0x1000);
    MemorySegment source = MemorySegment.ofArray("across".getBytes(StandardCharsets.UTF_8));
    assertThat(space.writeBytes(0x1ffd, source)).isEqualTo(BusResult.OK);
    MemorySegment target = MemorySegment.ofArray(new byte[6]);
    assertThat(space.readBytes(0x1ffd, target)).isEqualTo(BusResult.OK);
    assertThat(target.mismatch(source)).isEqualTo(-1);
    assertThat(space.readBytes(0x2ffe, target)).isEqualTo(BusResult.UNCLAIMED);
    assertThat(target.get(ValueLayout.JAVA_BYTE, 2)).isEqualTo((byte) -1);
  }

  @Test
  void aWordOfRamIsReplacedOnlyIfItHoldsWhatIsExpected() {
    mapRam(0x1000, 0x1000);
    space.write(0x1008, 8, 5, BIG_ENDIAN);
    assertThat(space.compareAndSet(0x1008, 8, 4, 6, BIG_ENDIAN)).isFalse();
    assertThat(space.compareAndSet(0x1008, 8, 5, 6, BIG_ENDIAN)).isTrue();
    assertThat(space.read(0x1008, 8, BIG_ENDIAN)).isEqualTo(6);
    assertThat(space.compareAndSet(0x1009, 8, 0, 6, BIG_ENDIAN)).isFalse();
  }
}
