package org.nvlink2vmm.vmm.iommu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.nvlink2vmm.vmm.iommu.TceTable.FAULT;
import static org.nvlink2vmm.vmm.iommu.TceTable.H_PARAMETER;
import static org.nvlink2vmm.vmm.iommu.TceTable.H_SUCCESS;
import static org.nvlink2vmm.vmm.iommu.TceTable.READ;
import static org.nvlink2vmm.vmm.iommu.TceTable.WRITE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;

class GuestDmaTest {
  private static final long WIDE_BASE = 0x0800_0000_0000_0000L;

  private final AddressSpace memory = new AddressSpace("guest", 1L << 40);
  private final MemorySegment ram = Arena.ofAuto().allocate(0x10_0000, 0x10000);
  private final TceTable narrow = new TceTable(0x80000000, 0, 1L << 30, 12);
  private final TceTable wide = new TceTable(0x80000001, WIDE_BASE, 1L << 40, 16);
  private boolean busMaster = true;
  private final GuestDma dma = new GuestDma(memory, () -> busMaster, List.of(narrow, wide));

  GuestDmaTest() {
    try (MemoryTransaction change = memory.change()) {
      change.map(memory.root(), 0, new MemoryRegion.Ram("ram", ram));
    }
    for (int i = 0; i < ram.byteSize(); i += 4096) {
      ram.asSlice(i, 4096).fill((byte) (i >> 12));
    }
  }

  private byte[] read(long iova, int length) {
    byte[] bytes = new byte[length];
    return dma.read(iova, MemorySegment.ofArray(bytes)) ? bytes : new byte[0];
  }

  @Test
  void eachPageGoesWhereItsEntrySays() {
    narrow.put(0x1000, 0x7000 | READ | WRITE);
    narrow.put(0x2000, 0x3000 | READ | WRITE);
    assertThat(read(0x1ffe, 4)).containsExactly(7, 7, 3, 3);
    assertThat(dma.write(0x1fff, MemorySegment.ofArray(new byte[] {1, 2}))).isTrue();
    assertThat(ram.get(ValueLayout.JAVA_BYTE, 0x7fff)).isEqualTo((byte) 1);
    assertThat(ram.get(ValueLayout.JAVA_BYTE, 0x3000)).isEqualTo((byte) 2);
    assertThat(dma.faults()).isZero();
  }

  @Test
  void rightsAreThoseOfTheEntry() {
    narrow.put(0x1000, 0x7000 | READ);
    narrow.put(0x2000, 0x7000 | WRITE);
    MemorySegment four = MemorySegment.ofArray(new byte[4]);
    assertThat(dma.read(0x1000, four)).isTrue();
    assertThat(dma.write(0x1000, four)).isFalse();
    assertThat(dma.read(0x2000, four)).isFalse();
    assertThat(dma.write(0x2000, four)).isTrue();
    assertThat(dma.read(0x3000, four)).isFalse();
    assertThat(dma.read(0x2ffe, four)).isFalse();
    assertThat(dma.faults()).isEqualTo(4);
  }

  @Test
  void withoutBusMasterNothingIsReached() {
    narrow.put(0, READ | WRITE);
    busMaster = false;
    assertThat(read(0, 4)).isEmpty();
    busMaster = true;
    assertThat(read(0, 4)).hasSize(4);
  }

  @Test
  void anEntryThatPointsOutsideOfMemoryFaults() {
    narrow.put(0, (1L << 30) | READ);
    assertThat(read(0, 4)).isEmpty();
    assertThat(dma.faults()).isEqualTo(1);
  }

  @Test
  void windowsHavePagesOfTheirOwnSizeAndCanBeReplaced() {
    wide.put(WIDE_BASE + 0x1_2345, 0x2_0000 | READ);
    assertThat(read(WIDE_BASE + 0x1_ffff, 1)).containsExactly(0x2f);
    assertThat(read(WIDE_BASE + 0x1_ffff, 2)).isEmpty();
    assertThat(read(1L << 30, 1)).isEmpty();
    dma.windows(List.of(narrow));
    assertThat(read(WIDE_BASE + 0x1_0000, 1)).isEmpty();
  }

  @Test
  void hypercallsAreCheckedAgainstTheWindow() {
    assertThat(narrow.put(0x3fff_f000L, 0x1000 | READ)).isEqualTo(H_SUCCESS);
    assertThat(narrow.put(0x4000_0000L, 0x1000 | READ)).isEqualTo(H_PARAMETER);
    assertThat(narrow.put(-4096, 0x1000 | READ)).isEqualTo(H_PARAMETER);
    assertThat(wide.put(WIDE_BASE - 1, READ)).isEqualTo(H_PARAMETER);
    assertThat(narrow.stuff(0x3fff_f000L, READ, 2)).isEqualTo(H_PARAMETER);
    assertThat(narrow.stuff(0, READ, -1)).isEqualTo(H_PARAMETER);
    assertThat(narrow.stuff(0, READ, Long.MAX_VALUE)).isEqualTo(H_PARAMETER);
    assertThat(narrow.get(0)).isZero();
    assertThat(narrow.stuff(0, 0x5000 | READ, 10_000)).isEqualTo(H_SUCCESS);
    assertThat(narrow.get(9_999L << 12)).isEqualTo(0x5000 | READ);
    assertThat(narrow.get(10_000L << 12)).isZero();
    assertThat(narrow.translate(0x123, READ)).isEqualTo(0x5123);
    assertThat(narrow.translate(0x123, WRITE)).isEqualTo(FAULT);
    narrow.clear();
    assertThat(narrow.translate(0x123, READ)).isEqualTo(FAULT);
    assertThat(narrow.get(1L << 40)).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 4096, 11",
    "0, 4096, 16",
    "100, 4096, 12",
    "0, 0, 12",
    "0, -4096, 12",
    "-4096, 4096, 12",
    "0, 1099511627776, 12",
    "9223372036854771712, 4096, 12"
  })
  void windowsThatCannotBeAreRefused(long base, long size, int pageShift) {
    assertThatThrownBy(() -> new TceTable(1, base, size, pageShift))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
