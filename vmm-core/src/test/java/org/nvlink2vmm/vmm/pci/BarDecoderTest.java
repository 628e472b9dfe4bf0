package org.nvlink2vmm.vmm.pci;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.nvlink2vmm.vmm.pci.TestFunction.IO_GPA;
import static org.nvlink2vmm.vmm.pci.TestFunction.MEMORY64;
import static org.nvlink2vmm.vmm.pci.TestFunction.MEMORY_GPA;
import static org.nvlink2vmm.vmm.pci.TestFunction.bar;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.BusResult;
import org.nvlink2vmm.vmm.memory.MemoryRegion;

class BarDecoderTest {
  private static final long GIB = 1L << 30;
  private static final int IO = PciRegs.COMMAND_IO;
  private static final int MEMORY = PciRegs.COMMAND_MEMORY;

  private final AddressSpace space = new AddressSpace("system", 1L << 50);
  private final PciWindows windows = TestFunction.windows(space);
  private final TestFunction function =
      new TestFunction(
          "dev0",
          List.of(
              bar(0, Bar.Kind.MEM32, 0x1000, 0xa0),
              bar(1, Bar.Kind.MEM64, 16 * GIB, 0xa1),
              bar(3, Bar.Kind.IO, 0x80, 0xa3)));

  private void command(int bits) {
    function.config().write(PciRegs.COMMAND, 2, bits);
  }

  private void place(int index, long address) {
    function.config().write(PciRegs.BASE_ADDRESS_0 + 4 * index, 4, address);
    if (index == 1) {
      function.config().write(PciRegs.BASE_ADDRESS_0 + 8, 4, address >>> 32);
    }
  }

  private long byteAt(long gpa) {
    return space.read(gpa, 1, LITTLE_ENDIAN);
  }

  @ParameterizedTest
  @CsvSource({
    "IO, false, 4, 0xfffffffd, 0",
    "IO, false, 128, 0xffffff81, 0",
    "MEM32, false, 16, 0xfffffff0, 0",
    "MEM32, false, 16777216, 0xff000000, 0",
    "MEM32, true, 65536, 0xffff0008, 0",
    "MEM32, false, 2147483648, 0x80000000, 0",
    "MEM64, false, 65536, 0xffff0004, 0xffffffff",
    "MEM64, false, 131072, 0xfffe0004, 0xffffffff",
    "MEM64, true, 33554432, 0xfe00000c, 0xffffffff",
    "MEM64, true, 4294967296, 0x0000000c, 0xffffffff",
    "MEM64, true, 17179869184, 0x0000000c, 0xfffffffc",
    "MEM64, true, 34359738368, 0x0000000c, 0xfffffff8",
    "MEM64, true, 4611686018427387904, 0x0000000c, 0xc0000000"
  })
  void sizingReadsBackTheAlignmentAndTheFlags(
      Bar.Kind kind, boolean prefetchable, long size, long low, long high) {
    MemoryRegion region = new MemoryRegion.Container("bar", size);
    ConfigSpace config = new ConfigSpace(256);
    new BarDecoder(config, List.of(new Bar(2, kind, prefetchable, region)));
    config.write(0x18, 4, 0xffffffffL);
    config.write(0x1c, 4, 0xffffffffL);
    assertThat(config.read(0x18, 4)).isEqualTo(low);
    assertThat(config.read(0x1c, 4)).isEqualTo(high);
    assertThat(config.read(0x14, 4)).isZero();
  }

  @Test
  void aBarDecodesOnlyWhileCommandEnablesItsSpace() {
    function.plug(windows);
    place(0, 0x9000_0000L);
    place(1, MEMORY64);
    place(3, 0x100);
    long memory = MEMORY_GPA + 0x1000_0000;
    for (int bits = 0; bits < 8; bits++) {
      command(bits);
      boolean memoryOn = (bits & MEMORY) != 0;
      assertThat(byteAt(memory)).as("command %d", bits).isEqualTo(memoryOn ? 0xa0 : 0xff);
      assertThat(byteAt(MEMORY64)).as("command %d", bits).isEqualTo(memoryOn ? 0xa1 : 0xff);
      assertThat(byteAt(IO_GPA + 0x100))
          .as("command %d", bits)
          .isEqualTo((bits & IO) != 0 ? 0xa3 : 0xff);
    }
  }

  @Test
  void aBarAnswersFromItsFirstByteToItsLastAndNotBeside() {
    function.plug(windows);
    place(0, 0x9000_0000L);
    command(MEMORY);
    long first = MEMORY_GPA + 0x1000_0000;
    assertThat(space.probe(first - 1, 1)).isEqualTo(BusResult.UNCLAIMED);
    assertThat(space.probe(first, 1)).isEqualTo(BusResult.OK);
    assertThat(space.probe(first + 0xfff, 1)).isEqualTo(BusResult.OK);
    assertThat(space.probe(first + 0xffd, 4)).isEqualTo(BusResult.UNCLAIMED);
    assertThat(space.probe(first + 0x1000, 1)).isEqualTo(BusResult.UNCLAIMED);
  }

  @Test
  void aBarThatMovesLeavesItsOldPlace() {
    function.plug(windows);
    command(MEMORY);
    place(1, MEMORY64);
    place(1, MEMORY64 + 32 * GIB);
    assertThat(byteAt(MEMORY64)).isEqualTo(0xff);
    assertThat(byteAt(MEMORY64 + 32 * GIB)).isEqualTo(0xa1);
    assertThat(byteAt(MEMORY64 + 48 * GIB - 1)).isEqualTo(0xa1);
    assertThat(byteAt(MEMORY64 + 48 * GIB)).isEqualTo(0xff);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0x7ffff000",
    "0, 0",
    "0, 0xfffff000",
    "1, 0x20c000000000",
    "1, 0x220000000000",
    "1, -17179869184",
    "1, 0",
    "3, 0x10000",
    "3, 0xffffff80"
  })
  void aBarOutsideTheWindowsDecodesNowhere(int index, long address) {
    function.plug(windows);
    command(IO | MEMORY);
    place(0, 0x9000_0000L);
    place(1, MEMORY64);
    place(3, 0x80);
    place(index, address);
    Bar bar = function.bars().stream().filter(b -> b.index() == index).findFirst().orElseThrow();
    assertThat(function.decoder().decodes(bar)).isFalse();
    assertThat(function.decoder().address(bar)).isEqualTo(address);
  }

  @Test
  void aBarDecodesAtBothEndsOfItsWindow() {
    function.plug(windows);
    command(IO | MEMORY);
    place(0, 0x8000_0000L);
    place(1, MEMORY64 + (1L << 40) - 16 * GIB);
    place(3, 0xff80);
    assertThat(byteAt(MEMORY_GPA)).isEqualTo(0xa0);
    assertThat(byteAt(MEMORY64 + (1L << 40) - 1)).isEqualTo(0xa1);
    assertThat(byteAt(IO_GPA + 0xffff)).isEqualTo(0xa3);
    place(0, 0xffff_e000L);
    assertThat(byteAt(MEMORY_GPA + 0x7fff_e000L)).isEqualTo(0xa0);
  }

  @Test
  void aWideBarMayLieInTheNarrowWindow() {
    TestFunction small = new TestFunction("small", List.of(bar(0, Bar.Kind.MEM64, 0x1_0000, 0xb0)));
    small.plug(windows);
    small.config().write(PciRegs.COMMAND, 2, MEMORY);
    small.config().write(0x10, 4, 0xc000_0000L);
    assertThat(byteAt(MEMORY_GPA + 0x4000_0000)).isEqualTo(0xb0);
  }

  @Test
  void whatWasDeclaredBeforePluggingDecodesAtOnceAndUnpluggedNoMore() {
    place(0, 0x9000_0000L);
    command(MEMORY);
    assertThat(byteAt(MEMORY_GPA + 0x1000_0000)).isEqualTo(0xff);
    function.plug(windows);
    assertThat(byteAt(MEMORY_GPA + 0x1000_0000)).isEqualTo(0xa0);
    function.decoder().unplug();
    assertThat(byteAt(MEMORY_GPA + 0x1000_0000)).isEqualTo(0xff);
    command(MEMORY);
    assertThat(byteAt(MEMORY_GPA + 0x1000_0000)).isEqualTo(0xff);
  }

  @Test
  void aResetTakesAllBarsOut() {
    function.plug(windows);
    command(IO | MEMORY);
    place(1, MEMORY64);
    function.reset();
    assertThat(byteAt(MEMORY64)).isEqualTo(0xff);
    assertThat(function.config().read(PciRegs.BASE_ADDRESS_0 + 4, 4)).isEqualTo(4);
  }

  @Test
  void readersSeeABarAtExactlyOneOfTwoPlacesWhileItMoves() throws InterruptedException {
    TestFunction mover = new TestFunction("mover", List.of(bar(0, Bar.Kind.MEM32, 0x1000, 0xb0)));
    mover.plug(windows);
    mover.config().write(0x10, 4, 0x9000_0000L);
    mover.config().write(PciRegs.COMMAND, 2, MEMORY);
    AtomicBoolean done = new AtomicBoolean();
    AtomicBoolean wrong = new AtomicBoolean();
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!done.get()) {
                    long either = byteAt(MEMORY_GPA + 0x1000_0000);
                    wrong.compareAndSet(false, either != 0xb0 && either != 0xff);
                  }
                });
    for (int i = 0; i < 2_000; i++) {
      mover.config().write(0x10, 4, (i & 1) == 0 ? 0xa000_0000L : 0x9000_0000L);
    }
    done.set(true);
    reader.join();
    assertThat(wrong).isFalse();
    assertThat(byteAt(MEMORY_GPA + 0x1000_0000)).isEqualTo(0xb0);
    assertThat(byteAt(MEMORY_GPA + 0x2000_0000)).isEqualTo(0xff);
  }

  @Test
  void twoWritersOfCommandAndBarEndInAgreement() throws InterruptedException {
    function.plug(windows);
    place(0, 0x9000_0000L);
    Thread enabling =
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; i < 2_000; i++) {
                    command(i & MEMORY);
                  }
                  command(MEMORY);
                });
    for (int i = 0; i < 2_000; i++) {
      place(0, 0x9000_0000L + 0x1000L * (i & 0xff));
    }
    place(0, 0xb000_0000L);
    enabling.join();
    assertThat(byteAt(MEMORY_GPA + 0x3000_0000)).isEqualTo(0xa0);
    for (long i = 0; i < 0x100; i++) {
      assertThat(byteAt(MEMORY_GPA + 0x1000_0000 + 0x1000 * i)).isEqualTo(0xff);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, IO, false, 3",
    "0, IO, false, 2",
    "0, IO, true, 16",
    "0, MEM32, false, 8",
    "0, MEM32, false, 24",
    "0, MEM32, false, 4294967296",
    "5, MEM64, false, 4096",
    "6, MEM32, false, 4096",
    "-1, MEM32, false, 4096"
  })
  void aBarThatCannotExistIsRefused(int index, Bar.Kind kind, boolean prefetchable, long size) {
    MemoryRegion region = new MemoryRegion.Container("bar", size);
    assertThatThrownBy(() -> new Bar(index, kind, prefetchable, region))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void twoBarsCannotTakeOneRegister() {
    List<Bar> bars = List.of(bar(0, Bar.Kind.MEM64, 0x1000, 0), bar(1, Bar.Kind.MEM32, 0x1000, 0));
    ConfigSpace config = new ConfigSpace(256);
    assertThatThrownBy(() -> new BarDecoder(config, bars))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Two BARs take the register of BAR 1");
  }
}
