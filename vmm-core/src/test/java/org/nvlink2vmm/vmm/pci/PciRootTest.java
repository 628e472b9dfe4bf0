package org.nvlink2vmm.vmm.pci;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.BusResult;

class PciRootTest {
  private final AddressSpace space = new AddressSpace("system", 1L << 50);
  private final PciWindows windows = TestFunction.windows(space);
  private final PciBus bus = new PciBus("pci.0", windows);
  private final PciRoot root = new PciRoot(bus);

  private static TestFunction function(String id) {
    return new TestFunction(id, List.of());
  }

  private PciBridge bridge(String id) {
    return new PciBridge(id, windows);
  }

  @Test
  void anAbsentFunctionReadsAllOnesAndLosesWrites() {
    bus.add(8, function("dev0"));
    assertThat(root.readConfig(0, 8, 0, 4)).isEqualTo(0x56781234L);
    for (int devfn : new int[] {0, 7, 9, 255, 256, -1}) {
      assertThat(root.readConfig(0, devfn, 0, 4)).as("devfn %d", devfn).isEqualTo(0xffffffffL);
      assertThat(root.readConfig(0, devfn, 0, 2)).isEqualTo(0xffff);
      assertThat(root.writeConfig(0, devfn, 4, 2, 7)).isEqualTo(BusResult.UNCLAIMED);
    }
    for (int number : new int[] {1, 255, 256, -1}) {
      assertThat(root.probe(number, 8, 0, 4)).as("bus %d", number).isEqualTo(BusResult.UNCLAIMED);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, OK",
    "255, 1, OK",
    "254, 2, OK",
    "252, 4, OK",
    "1, 2, REFUSED",
    "2, 4, REFUSED",
    "256, 1, REFUSED",
    "256, 4, REFUSED",
    "-4, 4, REFUSED",
    "0, 0, REFUSED",
    "0, 3, REFUSED",
    "0, 8, REFUSED",
    "0, -1, REFUSED",
    "2147483647, 1, REFUSED",
    "-2147483648, 4, REFUSED"
  })
  void sizeAlignmentAndEndAreChecked(int offset, int size, BusResult expected) {
    bus.add(0, function("dev0"));
    assertThat(root.probe(0, 0, offset, size)).isEqualTo(expected);
    assertThat(root.writeConfig(0, 0, offset, size, 0)).isEqualTo(expected);
    if (expected != BusResult.OK) {
      assertThat(root.readConfig(0, 0, offset, size) & 0xff).isEqualTo(0xff);
    }
  }

  @Test
  void functionsAreListedByDevfnHoweverTheyCame() {
    bus.add(0x11, function("third"));
    bus.add(0, function("first"));
    bus.add(0x10, function("second"));
    assertThat(bus.functions())
        .extracting(slot -> slot.devfn() + " " + slot.function().id())
        .containsExactly("0 first", "16 second", "17 third");
  }

  @Test
  void aSlotHoldsOneFunction() {
    bus.add(0x0a, function("dev0"));
    TestFunction other = function("dev1");
    assertThatThrownBy(() -> bus.add(0x0a, other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pci.0: dev0 and dev1 both sit at 01.2");
    assertThatThrownBy(() -> bus.add(256, other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("pci.0: devfn 0x100 of dev1 is not in 0 to 0xff");
  }

  @Test
  void accessesAreForwardedByBusNumber() {
    PciBridge outer = bridge("outer");
    PciBridge inner = bridge("inner");
    PciBridge beside = bridge("beside");
    bus.add(0x08, outer);
    bus.add(0x10, beside);
    outer.secondary().add(0x08, inner);
    inner.secondary().add(0x18, function("deep"));
    beside.secondary().add(0x18, function("near"));
    assertThat(root.probe(1, 0x18, 0, 4)).isEqualTo(BusResult.UNCLAIMED);
    root.numberBuses();
    assertThat(root.readConfig(0, 0x08, PciRegs.PRIMARY_BUS, 4) & 0xffffff).isEqualTo(0x020100);
    assertThat(root.readConfig(1, 0x08, PciRegs.PRIMARY_BUS, 4) & 0xffffff).isEqualTo(0x020201);
    assertThat(root.readConfig(0, 0x10, PciRegs.PRIMARY_BUS, 4) & 0xffffff).isEqualTo(0x030300);
    assertThat(root.readConfig(2, 0x18, 0, 4)).isEqualTo(0x56781234L);
    assertThat(root.readConfig(3, 0x18, 0, 4)).isEqualTo(0x56781234L);
    assertThat(root.probe(1, 0x18, 0, 4)).isEqualTo(BusResult.UNCLAIMED);
    assertThat(root.probe(4, 0x18, 0, 4)).isEqualTo(BusResult.UNCLAIMED);
  }

  @Test
  void numbersThatSoftwareWritesCountEvenWhenTheyMakeNoSense() {
    PciBridge one = bridge("one");
    bus.add(0x08, one);
    one.secondary().add(0, function("behind"));
    root.writeConfig(0, 0x08, PciRegs.PRIMARY_BUS, 4, 0x00_09_09_00);
    assertThat(root.probe(9, 0, 0, 4)).isEqualTo(BusResult.OK);
    root.writeConfig(0, 0x08, PciRegs.PRIMARY_BUS, 4, 0x00_01_09_00);
    assertThat(root.probe(9, 0, 0, 4)).isEqualTo(BusResult.UNCLAIMED);
    root.writeConfig(0, 0x08, PciRegs.PRIMARY_BUS, 4, 0x00_ff_00_00);
    assertThat(root.probe(0, 0, 0, 4)).isEqualTo(BusResult.UNCLAIMED);
    assertThat(root.probe(0, 8, 0, 4)).isEqualTo(BusResult.OK);
  }

  @Test
  void aSecondaryBusResetResetsWhatIsBehindAndNotTheBridge() {
    PciBridge bridge = bridge("bridge");
    bus.add(0x08, bridge);
    TestFunction behind =
        new TestFunction("behind", List.of(TestFunction.bar(0, Bar.Kind.MEM32, 0x1000, 0xc0)));
    bridge.secondary().add(0, behind);
    root.numberBuses();
    root.writeConfig(1, 0, 0x10, 4, 0x9000_0000L);
    root.writeConfig(1, 0, PciRegs.COMMAND, 2, PciRegs.COMMAND_MEMORY);
    long gpa = TestFunction.MEMORY_GPA + 0x1000_0000;
    assertThat(space.read(gpa, 1, LITTLE_ENDIAN)).isEqualTo(0xc0);
    root.writeConfig(0, 8, PciRegs.BRIDGE_CONTROL, 2, PciRegs.BRIDGE_CTL_BUS_RESET);
    assertThat(space.read(gpa, 1, LITTLE_ENDIAN)).isEqualTo(0xff);
    assertThat(root.readConfig(1, 0, PciRegs.COMMAND, 2)).isZero();
    bus.reset();
    assertThat(root.probe(1, 0, 0, 4)).isEqualTo(BusResult.UNCLAIMED);
  }

  @Test
  void aBridgeShowsWhatQemusShows() {
    bus.add(0x10, bridge("bridge"));
    assertThat(root.readConfig(0, 0x10, 0, 4)).isEqualTo(0x00011b36L);
    assertThat(root.readConfig(0, 0x10, PciRegs.REVISION_ID, 4)).isEqualTo(0x06040000L);
    assertThat(root.readConfig(0, 0x10, PciRegs.HEADER_TYPE, 1)).isEqualTo(1);
    assertThat(root.readConfig(0, 0x10, PciRegs.STATUS, 2)).isEqualTo(0xa0);
    root.writeConfig(0, 0x10, 0x10, 4, 0xffffffffL);
    assertThat(root.readConfig(0, 0x10, 0x10, 4)).isEqualTo(0xffffff04L);
  }
}
