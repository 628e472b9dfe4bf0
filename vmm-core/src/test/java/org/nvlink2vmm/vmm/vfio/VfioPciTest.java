package org.nvlink2vmm.vmm.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.pci.PciWindows;

class VfioPciTest {
  private static final long WINDOW = 0x8000_0000L;
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment memory = arena.allocate(0x10000, 16);
  private final ConfigSpace config = new ConfigSpace(256);
  private final Registers registers = new Registers();
  private final AddressSpace space = new AddressSpace("guest", 1L << 40);
  private int resets;

  private static final class Registers extends MmioHandler {
    private long last;

    @Override
    public long read(long offset, int size) {
      return offset;
    }

    @Override
    public void write(long offset, int size, long value) {
      last = offset << 32 | value;
    }
  }

  @AfterEach
  void free() {
    arena.close();
  }

  private VfioPci function() {
    config.set32(0, 0x1db110de, 0, 0).set16(4, 2, 0x407, 0).set8(0x3c, 0, 0xff, 0);
    config.set32(0x10, 0, 0, 0).set32(0x14, 0xc, 0, 0).set32(0x18, 0, 0, 0);
    VfioPci function =
        new VfioPci(
            DirectDevice.builder("gpu0")
                .config(256, config)
                .bar(0, 0x1000, new RegionBacking.Trapped(AccessRules.PCI_BAR, registers))
                .bar(1, 0x10000, new RegionBacking.Direct(memory))
                .onReset(() -> resets++)
                .build());
    MemoryRegion.Container low = new MemoryRegion.Container("mem", 0x4000_0000L);
    MemoryRegion.Container io = new MemoryRegion.Container("io", 0x10000);
    MemoryRegion.Container high = new MemoryRegion.Container("mem64", 0x1_0000_0000L);
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), WINDOW, low).map(space.root(), 1L << 36, high);
    }
    function.plug(
        new PciWindows(
            space,
            new PciWindows.Window(0, io),
            new PciWindows.Window(WINDOW, low),
            new PciWindows.Window(1L << 36, high)));
    return function;
  }

  @Test
  void sizingAnswersTheComplementOfEachBarsSize() {
    MmioHandler guest = function().config();
    for (int register = 0x10; register < 0x28; register += 4) {
      guest.write(register, 4, 0xffffffffL);
    }

    assertThat(guest.read(0x10, 4)).isEqualTo(0xfffff000L);
    assertThat(guest.read(0x14, 4)).isEqualTo(0xffff000cL);
    assertThat(guest.read(0x18, 4)).isEqualTo(0xffffffffL);
    assertThat(guest.read(0x1c, 4)).isZero();
    guest.write(0x30, 4, 0xffffffffL);
    assertThat(guest.read(0x30, 4)).as("no ROM").isZero();
  }

  @Test
  void barsDecodeWhereTheGuestPutsThemWhileItSaysSo() {
    MmioHandler guest = function().config();
    guest.write(0x10, 4, WINDOW + 0x1000);
    guest.write(0x14, 4, 0x20000);
    guest.write(0x18, 4, 0x10);
    assertThat(space.read(WINDOW + 0x1000, 4, LE)).as("not enabled").isEqualTo(0xffffffffL);

    guest.write(4, 2, 2);
    assertThat(space.read(WINDOW + 0x1010, 4, LE)).isEqualTo(0x10);
    space.write(WINDOW + 0x1020, 4, 7, LE);
    assertThat(registers.last).isEqualTo(0x20L << 32 | 7);
    space.write(0x10_0002_0008L, 8, 0x1122334455667788L, LE);
    assertThat(memory.get(ValueLayout.JAVA_BYTE, 8)).isEqualTo((byte) 0x88);

    guest.write(4, 2, 0);
    assertThat(space.read(WINDOW + 0x1010, 4, LE)).isEqualTo(0xffffffffL);
  }

  @Test
  void theGuestsDecodeBitsAreItsOwnAndReachTheDeviceToo() {
    MmioHandler guest = function().config();
    assertThat(guest.read(4, 2)).as("off at first, whatever the device had").isZero();
    assertThat(config.load(4, 2)).isZero();

    guest.write(4, 2, 0x406);
    assertThat(guest.read(4, 2)).isEqualTo(0x406);
    assertThat(config.load(4, 2)).isEqualTo(0x406);
  }

  @Test
  void everythingElseIsTheDevices() {
    MmioHandler guest = function().config();
    guest.write(0x3c, 1, 0x55);

    assertThat(guest.read(0, 4)).isEqualTo(0x1db110deL);
    assertThat(guest.read(2, 2)).isEqualTo(0x1db1L);
    assertThat(guest.read(0x3c, 1)).isEqualTo(0x55);
    assertThat(config.load(0x3c, 1)).isEqualTo(0x55);
  }

  @Test
  void resetTakesTheBarsAwayAndResetsTheDevice() {
    VfioPci function = function();
    MmioHandler guest = function.config();
    guest.write(0x10, 4, WINDOW + 0x1000);
    guest.write(4, 2, 2);

    function.reset();

    assertThat(resets).isEqualTo(1);
    assertThat(guest.read(0x10, 4)).isZero();
    assertThat(guest.read(4, 2)).isZero();
    assertThat(space.read(WINDOW + 0x1010, 4, LE)).isEqualTo(0xffffffffL);
  }

  @Test
  void closingTakesTheBarsAwayAndClosesTheDevice() {
    VfioPci function = function();
    function.config().write(0x10, 4, WINDOW + 0x1000);
    function.config().write(4, 2, 2);

    function.close();

    assertThat(space.read(WINDOW + 0x1010, 4, LE)).isEqualTo(0xffffffffL);
    assertThatThrownBy(() -> function.device().info()).isInstanceOf(VfioException.class);
  }

  @Test
  void aBarThatIsNoPowerOfTwoIsRefused() {
    VfioDevice device =
        DirectDevice.builder("odd")
            .config(256, config)
            .bar(0, 0x3000, new RegionBacking.Trapped(AccessRules.PCI_BAR, registers))
            .build();

    assertThatThrownBy(() -> new VfioPci(device))
        .hasMessage("odd: BAR 0 has 0x3000 bytes, expected a power of two from 0x10 to 0x80000000")
        .isInstanceOfSatisfying(
            VfioException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EPROTO));
  }

  @Test
  void aDeviceWithoutConfigurationSpaceIsRefused() {
    VfioDevice device = DirectDevice.builder("none").build();

    assertThatThrownBy(() -> new VfioPci(device))
        .hasMessageContaining("configuration space of 0x0 bytes");
  }
}
