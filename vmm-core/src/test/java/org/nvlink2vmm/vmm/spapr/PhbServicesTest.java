package org.nvlink2vmm.vmm.spapr;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.spapr.Affinity;
import org.nvlink2vmm.dt.spapr.Compat;
import org.nvlink2vmm.dt.spapr.LocationCode;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.iommu.TceTable;
import org.nvlink2vmm.vmm.irq.InterruptController;
import org.nvlink2vmm.vmm.irq.InterruptLine;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.pci.PciBus;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfio.VfioPci;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/** What a host bridge does for the devices on it: lines, messages, DMA windows, error handling. */
class PhbServicesTest {
  private static final long BUID = 0x800_0000_2000_0000L;
  private static final long WINDOW = 0x8000_0000L;
  private static final int MSI = 0x40;
  private static final int SLOT_3 = 3 << 11;

  private final SpaprMachine machine =
      new SpaprMachine(
          new SpaprMachine.Setup(
              Compat.CORRECTED,
              Compat.CORRECTED.newestMachineType(),
              Affinity.FORM1,
              List.of(256L << 20),
              1));
  private final SpaprPhb phb = machine.addPhb(0, true);
  private final List<String> events = new ArrayList<>();
  private int resets;

  @AfterEach
  void close() {
    machine.close();
  }

  /** A device whose ends a test holds. */
  private final class Board {
    private InterruptSink interrupts = InterruptSink.NONE;
    private DmaSpace memory = DmaSpace.NONE;

    Board(PciBus bus, int slot, int pin) {
      ConfigSpace config =
          new ConfigSpace(256)
              .set32(0x00, 0x0001_11e8, 0, 0)
              .set16(0x04, 0, 0x407, 0)
              .set16(0x06, 0x10, 0, 0)
              .set8(0x34, MSI, 0, 0)
              .set8(0x3d, pin, 0, 0)
              .set32(MSI, 0x0084_0005, 0x0071_0000, 0)
              .set32(MSI + 4, 0, -4, 0)
              .set32(MSI + 8, 0, -1, 0)
              .set32(MSI + 12, 0, 0xffff, 0);
      DirectDevice device =
          DirectDevice.builder("board" + slot)
              .config(256, config)
              .vectors(VfioPciIndex.INTX_IRQ, 1)
              .vectors(VfioPciIndex.MSI_IRQ, 4)
              .onConnect(sink -> interrupts = sink)
              .onAttach(space -> memory = space)
              .onReset(() -> resets++)
              .build();
      VfioPci function = new VfioPci(device);
      LocationCode code = LocationCode.vfio("vfio-pci");
      phb.plug(bus, slot << 3, new VphbDevice(function, device, Optional.empty(), code));
      phb.wire(bus, slot << 3, function);
    }
  }

  private Board board() {
    Board board = new Board(phb.root().bus(), 3, 2);
    machine.reset();
    machine.connect(new Recorder());
    return board;
  }

  private final class Recorder implements InterruptController {
    @Override
    public void changed(InterruptLine line) {
      events.add("0x%x %s".formatted(line.number(), line.isUp() ? "up" : "down"));
    }

    @Override
    public void pulse(int number) {
      events.add("0x%x".formatted(number));
    }
  }

  @Test
  void aPinDrivesTheLineThatTheInterruptMapNames() {
    Board board = board();
    board.interrupts.trigger(VfioPciIndex.INTX_IRQ, 0);
    board.interrupts.lower();
    // Slot 3, INTB: line (3 + 1) mod 4.
    assertThat(events).containsExactly("0x1200 up", "0x1200 down");
  }

  @Test
  void aPinBehindABridgeIsRotatedTwice() {
    PciBus behind = phb.plugBridge(phb.root().bus(), 1 << 3, "bridge");
    Board board = new Board(behind, 5, 1);
    machine.connect(new Recorder());
    board.interrupts.trigger(VfioPciIndex.INTX_IRQ, 0);
    // Slot 5, INTA: INTB of the bridge in slot 1.
    assertThat(events).containsExactly("0x1202 up");
  }

  @Test
  void aLineThatIsStillWantedRisesAgainWhenTheGuestHasDealtWithIt() {
    Board board = board();
    board.interrupts.trigger(VfioPciIndex.INTX_IRQ, 0);
    phb.interrupts().line(0).ended();
    assertThat(events).containsExactly("0x1200 up", "0x1200 down", "0x1200 up");
    board.interrupts.lower();
    events.clear();
    phb.interrupts().line(0).ended();
    assertThat(events).doesNotContain("0x1200 up");
  }

  @Test
  void aGrantedMessageReachesTheController() {
    Board board = board();
    Rtas rtas = machine.rtas();
    assertThat(rtas.changeMessages(BUID, SLOT_3, 1, 1)).isEqualTo(new Rtas.Messages(0, 1, 1));
    assertThat(rtas.interruptNumber(BUID, SLOT_3, 0)).isEqualTo(0x1300);
    assertThat(rtas.interruptNumber(BUID, SLOT_3, 1)).isEqualTo(Rtas.HARDWARE_ERROR);
    board.interrupts.trigger(VfioPciIndex.MSI_IRQ, 0);
    assertThat(events).as("not enabled yet").isEmpty();
    rtas.writePciConfig(BUID, SLOT_3 | MSI + 2, 2, 0x85);
    board.interrupts.trigger(VfioPciIndex.MSI_IRQ, 0);
    assertThat(events).containsExactly("0x1300");
    assertThat(rtas.changeMessages(BUID, SLOT_3, 1, 0).status()).isEqualTo(Rtas.SUCCESS);
    board.interrupts.trigger(VfioPciIndex.MSI_IRQ, 0);
    assertThat(events).hasSize(1);
    assertThat(rtas.changeMessages(BUID, SLOT_3, 1, 0).status()).isEqualTo(Rtas.HARDWARE_ERROR);
  }

  @Test
  void moreMessagesThanThereAreAreAnsweredByTheirNumber() {
    board();
    Rtas rtas = machine.rtas();
    assertThat(rtas.changeMessages(BUID, SLOT_3, 3, 32)).isEqualTo(new Rtas.Messages(0, 1, 1));
    assertThat(rtas.interruptNumber(BUID, SLOT_3, 0)).isEqualTo(Rtas.HARDWARE_ERROR);
    assertThat(rtas.changeMessages(BUID, SLOT_3, 4, 1).status()).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.changeMessages(BUID, SLOT_3, 2, 1).status()).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.changeMessages(BUID, 0x2000, 1, 1).status()).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.changeMessages(7, SLOT_3, 1, 1).status()).isEqualTo(Rtas.PARAMETER_ERROR);
  }

  @Test
  void aResetTakesMessagesAndMappingsAway() {
    Board board = board();
    Rtas rtas = machine.rtas();
    rtas.changeMessages(BUID, SLOT_3, 1, 1);
    rtas.window(WINDOW).orElseThrow().put(0, TceTable.READ);
    machine.reset();
    assertThat(rtas.interruptNumber(BUID, SLOT_3, 0)).isEqualTo(Rtas.HARDWARE_ERROR);
    assertThat(rtas.window(WINDOW).orElseThrow().get(0)).isZero();
    assertThat(board.memory.read(0, MemorySegment.ofArray(new byte[1]))).isFalse();
  }

  @Test
  void aDeviceReachesWhatTheGuestMappedForItAndNothingElse() {
    Board board = board();
    Rtas rtas = machine.rtas();
    rtas.writePciConfig(BUID, SLOT_3 | 4, 2, 4);
    rtas.window(WINDOW).orElseThrow().put(0x5000, 0x7000 | TceTable.READ);
    machine.memory().write(0x7010, 4, 0x12345678, LITTLE_ENDIAN);
    byte[] four = new byte[4];
    assertThat(board.memory.read(0x5010, MemorySegment.ofArray(four))).isTrue();
    assertThat(four).containsExactly(0x78, 0x56, 0x34, 0x12);
    assertThat(phb.dma().faults()).isEmpty();
    assertThat(board.memory.write(0x5010, MemorySegment.ofArray(four))).isFalse();
    assertThat(phb.dma().faults())
        .containsExactly(
            "board3: 1 DMA faults, the first a write of 4 bytes at bus address 0x5010: not mapped"
                + " for it");
  }

  @Test
  void withoutBusMasterADeviceReachesNothing() {
    Board board = board();
    machine.rtas().window(WINDOW).orElseThrow().put(0, TceTable.READ);
    assertThat(board.memory.read(0, MemorySegment.ofArray(new byte[4]))).isFalse();
    assertThat(phb.dma().faults()).singleElement().asString().contains("not bus master");
  }

  @Test
  void aSecondWindowIsMadeAboveAndRemoved() {
    Board board = board();
    DmaWindows windows = machine.rtas().windows(BUID).orElseThrow();
    TceTable made = windows.create(16, 30).orElseThrow();
    assertThat(made.liobn()).isEqualTo(0x8000_0001);
    assertThat(made.base()).isEqualTo(0x800_0000_0000_0000L);
    assertThat(windows.available()).isZero();
    assertThat(windows.create(16, 30)).isEmpty();
    machine.rtas().writePciConfig(BUID, SLOT_3 | 4, 2, 4);
    made.put(made.base(), 0x1_0000 | TceTable.READ | TceTable.WRITE);
    byte[] four = {1, 2, 3, 4};
    assertThat(board.memory.write(made.base() + 8, MemorySegment.ofArray(four))).isTrue();
    assertThat(machine.memory().read(0x1_0008, 4, LITTLE_ENDIAN)).isEqualTo(0x04030201);
    assertThat(machine.rtas().removeWindow(0x8000_0001L)).isEqualTo(Rtas.SUCCESS);
    assertThat(machine.rtas().removeWindow(0x8000_0001L)).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(board.memory.write(made.base() + 8, MemorySegment.ofArray(four))).isFalse();
  }

  @Test
  void aWindowThatWouldTakeTooMuchIsRefused() {
    board();
    DmaWindows windows = machine.rtas().windows(BUID).orElseThrow();
    assertThat(windows.create(12, 58)).isEmpty();
    assertThat(windows.create(16, 63)).isEmpty();
    assertThat(windows.tables()).hasSize(1);
  }

  @Test
  void anEndpointIsResetWithAllItsDevices() {
    board();
    Rtas rtas = machine.rtas();
    int before = resets;
    assertThat(rtas.endpoint(BUID, SLOT_3, 0)).isEqualTo(1);
    assertThat(rtas.endpoint(BUID, SLOT_3, 1)).isEqualTo(2);
    assertThat(rtas.endpointState(BUID)).isZero();
    assertThat(rtas.resetEndpoint(BUID, 3)).isEqualTo(Rtas.SUCCESS);
    assertThat(resets).isEqualTo(before + 1);
    assertThat(rtas.endpointState(BUID)).isEqualTo(1);
    assertThat(rtas.resetEndpoint(BUID, 0)).isEqualTo(Rtas.SUCCESS);
    assertThat(rtas.endpointState(BUID)).isZero();
    assertThat(rtas.configureEndpoint(BUID)).isEqualTo(Rtas.SUCCESS);
    assertThat(rtas.errorDetail(BUID, 1)).isEqualTo(Rtas.NO_ERRORS_FOUND);
  }

  @Test
  void errorHandlingRefusesWhatDoesNotExist() {
    board();
    Rtas rtas = machine.rtas();
    assertThat(rtas.setErrorHandling(BUID, SLOT_3, 1)).isEqualTo(Rtas.SUCCESS);
    assertThat(rtas.setErrorHandling(BUID, 0x2000, 1)).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.setErrorHandling(BUID, SLOT_3, 4)).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.endpoint(BUID, 0x2000, 0)).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.endpoint(BUID, SLOT_3, 2)).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.resetEndpoint(BUID, 2)).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.errorDetail(BUID, 3)).isEqualTo(Rtas.PARAMETER_ERROR);
    assertThat(rtas.endpointState(5)).isEqualTo(Rtas.PARAMETER_ERROR);
  }

  @Test
  void aHostBridgeOfSeveralGroupsHasNoErrorHandling() {
    SpaprPhb other = machine.addPhb(1, false);
    assertThat(other.errors().available()).isFalse();
    assertThat(machine.rtas().endpointState(BUID + 1)).isEqualTo(Rtas.PARAMETER_ERROR);
  }

  @Test
  void numbersOfMessagesAreAlignedForMsiAndRunOut() {
    MsiNumbers numbers = new MsiNumbers();
    assertThat(numbers.take(1, true)).hasValue(MsiNumbers.FIRST);
    assertThat(numbers.take(4, true)).hasValue(MsiNumbers.FIRST + 4);
    assertThat(numbers.take(3, false)).hasValue(MsiNumbers.FIRST + 1);
    assertThat(numbers.take(MsiNumbers.COUNT, false)).isEmpty();
    numbers.giveBack(MsiNumbers.FIRST, 1);
    assertThat(numbers.take(1, true)).hasValue(MsiNumbers.FIRST);
  }
}
