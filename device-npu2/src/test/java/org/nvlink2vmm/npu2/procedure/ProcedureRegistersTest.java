package org.nvlink2vmm.npu2.procedure;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.npu2.link.FenceState;
import org.nvlink2vmm.npu2.link.PhyBus;
import org.nvlink2vmm.npu2.link.PhyFault;

/** Each row of the procedure table (skiboot hw/npu2-hw-procedures.c), with a clock of our own. */
final class ProcedureRegistersTest {
  private static final int BUSY = 0x8000_0000;
  private static final int DONE = 0x4000_0000;
  private static final int FAILED = 0x4000_0002;
  private static final int ABORTED = 0x4000_0003;
  private static final int UNSUPPORTED = 0x4000_0004;
  private static final long SECOND = 1_000_000_000L;

  private final PhyBus phy = new PhyBus();
  private final List<Integer> wrongCredits = new ArrayList<>();
  private long now;
  private Brick brick = brick(PhyFault.NONE);
  private ProcedureRegisters registers = registersOf(brick);

  private Brick brick(PhyFault fault) {
    return new Brick(0, phy, fault, () -> now, () -> {});
  }

  private ProcedureRegisters registersOf(Brick of) {
    return new ProcedureRegisters(of, () -> now, wrongCredits::add);
  }

  private void breakPhy(PhyFault fault) {
    brick = brick(fault);
    registers = registersOf(brick);
  }

  @Test
  void aReadBeforeAnyProcedureRunsTheAbort() {
    assertThat(registers.control()).isZero();
    assertThat(registers.status()).isEqualTo(ABORTED);
  }

  @ParameterizedTest(name = "procedure {0} has {1} steps and ends with 0x{2}")
  @CsvSource({
    "0, 1, 40000003", "1, 1, 40000000", "4, 3, 40000000", "5, 3, 40000000", "6, 4, 40000000",
    "7, 1, 40000000", "8, 1, 40000000", "9, 2, 40000000", "10, 4, 40000000", "11, 1, 40000000",
    "12, 1, 40000000", "13, 1, 40000000"
  })
  void everyProcedureOfASoundLinkEndsAsTheTableSays(int number, int steps, String status) {
    trainTo(number);

    registers.start(number);

    assertThat(Procedure.of(number).steps()).isEqualTo(steps);
    assertThat(poll()).isEqualTo(Integer.parseUnsignedInt(status, 16));
    assertThat(registers.control()).isEqualTo(number);
    assertThat(registers.status()).as("read again").isEqualTo(Integer.parseInt(status, 16));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 14, 15, 255, Integer.MAX_VALUE, -1, Integer.MIN_VALUE})
  void otherNumbersAreUnsupportedAtOnceAndLeaveTheNumber(int number) {
    registers.start(1);
    assertThat(registers.status()).isEqualTo(DONE);

    registers.start(number);

    assertThat(registers.status()).isEqualTo(UNSUPPORTED);
    assertThat(registers.control()).isEqualTo(1);
    registers.start(1);
    assertThat(registers.status()).isEqualTo(DONE);
  }

  @ParameterizedTest(name = "procedure {0}")
  @ValueSource(ints = {4, 5, 6, 9})
  void waitingStepsShowBusyUntilTheHardwareIsReady(int number) {
    trainTo(number);

    registers.start(number);

    assertThat(registers.status()).isEqualTo(BUSY);
    now += 1_000_000;
    assertThat(registers.status()).isEqualTo(DONE);
  }

  @ParameterizedTest(name = "procedure {0} with {1}")
  @CsvSource({"4, LANE_BUSY", "5, ZCAL_STUCK", "6, DCCAL_STUCK", "9, TRAINING_STUCK"})
  void aProcedureThatIsBusyAfterASecondHasFailed(int number, PhyFault fault) {
    breakPhy(fault);
    trainTo(number);
    registers.start(number);
    assertThat(registers.status()).isEqualTo(BUSY);

    now += SECOND;
    assertThat(registers.status()).as("after exactly a second").isEqualTo(BUSY);
    now += 1;

    assertThat(registers.status()).isEqualTo(FAILED);
    assertThat(registers.status()).isEqualTo(FAILED);
  }

  @Test
  void aProcedureThatCompletesLateHasSucceeded() {
    registers.start(4);
    assertThat(registers.status()).isEqualTo(BUSY);
    now += 10 * SECOND;

    assertThat(registers.status()).isEqualTo(DONE);
  }

  @Test
  void aFailedCalibrationIsAPermanentFailure() {
    breakPhy(PhyFault.ZCAL_ERROR);
    registers.start(5);

    assertThat(registers.status()).isEqualTo(FAILED);
  }

  @Test
  void writingControlWhileBusyStartsOverWithAFreshTimer() {
    breakPhy(PhyFault.LANE_BUSY);
    registers.start(4);
    assertThat(registers.status()).isEqualTo(BUSY);
    now += SECOND;

    registers.start(4);

    now += SECOND;
    assertThat(registers.status()).isEqualTo(BUSY);
    registers.start(1);
    assertThat(registers.status()).isEqualTo(DONE);
  }

  @Test
  void impedanceIsCalibratedOncePerPhy() {
    registers.start(5);
    poll();
    Brick sibling = new Brick(1, phy, PhyFault.NONE, () -> now, () -> {});
    ProcedureRegisters other = registersOf(sibling);

    other.start(5);

    assertThat(other.status()).isEqualTo(DONE);
  }

  @Test
  void theNtlResetFencesProgramsCreditsAndRaisesTheFlag() {
    brick.unfence();
    registers.start(10);
    assertThat(poll()).isEqualTo(DONE);

    assertThat(brick.fence()).isEqualTo(FenceState.HALF);
    assertThat(brick.readNtlu(0x500) >>> 62).isEqualTo(2);
    assertThat(brick.dlOutOfReset()).isTrue();
    assertThat(brick.readNtlu(0x440)).isEqualTo(0x0be0be0000000000L);
    assertThat(brick.readNtlu(0x468)).isEqualTo(0x0be0be0000000000L);
    assertThat(brick.readNtlu(0x470)).isEqualTo(0x1001000000000000L);
    assertThat(brick.readNtlu(0x478)).isEqualTo(0x1001000000000000L);
    assertThat(brick.readNtlu(0x448)).isEqualTo(0x0640640000000000L);
    assertThat(brick.readNtlu(0x460)).isEqualTo(0x0200200000000000L);
  }

  @Test
  void theCreditCheckUnfencesAndOnlyLogsAMismatch() {
    registers.start(13);

    assertThat(poll()).isEqualTo(DONE);
    assertThat(brick.fence()).isEqualTo(FenceState.RUNNING);
    assertThat(wrongCredits).containsExactly(0x440);
  }

  @Test
  void onlyTheWholeSequenceMakesALinkCarry() {
    int[] sequence = {4, 5, 6, 7, 8, 9, 10, 13};
    for (int number : sequence) {
      assertThat(brick.carries()).as("before procedure %d", number).isFalse();
      registers.start(number);
      assertThat(poll()).isEqualTo(DONE);
    }

    assertThat(brick.carries()).isTrue();
    assertThat(wrongCredits).isEmpty();
    registers.start(4);
    poll();
    assertThat(brick.carries()).as("after another PHY reset").isFalse();
  }

  @Test
  void aFunctionLevelResetTakesTheLinkDown() {
    trainTo(14);
    assertThat(brick.carries()).isTrue();

    brick.fenceOff();

    assertThat(brick.carries()).isFalse();
    assertThat(brick.fence()).isEqualTo(FenceState.FENCED);
    assertThat(brick.dlOutOfReset()).isFalse();
    registers.start(10);
    poll();
    registers.start(13);
    poll();
    assertThat(brick.carries()).as("after NTL reset and unfencing").isTrue();
  }

  /** Runs the usual sequence up to, not including, a procedure. */
  private void trainTo(int number) {
    for (int earlier : new int[] {4, 5, 6, 7, 8, 9, 10, 13}) {
      if (earlier >= number) {
        return;
      }
      registers.start(earlier);
      poll();
    }
  }

  private int poll() {
    int status = registers.status();
    while ((status & DONE) == 0) {
      now += 1_000_000;
      status = registers.status();
    }
    return status;
  }
}
