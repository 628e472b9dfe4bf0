package org.nvlink2vmm.npu2.regs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.npu2.atsd.AtsdRegisterSet;
import org.nvlink2vmm.npu2.atsd.MistakeLog;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.npu2.link.FenceState;
import org.nvlink2vmm.npu2.link.PhyBus;
import org.nvlink2vmm.npu2.link.PhyFault;
import org.nvlink2vmm.npu2.regs.ErrorRegisters.Cause;
import org.nvlink2vmm.npu2.xts.Xts;
import org.nvlink2vmm.vmm.ats.NpuErrors;
import org.nvlink2vmm.vmm.trace.AccessCounts;

/** The NPU's registers at the offsets that skiboot's include/npu2-regs.h gives them. */
final class NpuRegistersTest {
  private static final long HPA = 0x4_2000_1000L;

  private final List<Brick> bricks =
      IntStream.range(0, 6)
          .mapToObj(link -> new Brick(link, new PhyBus(), PhyFault.NONE, () -> 0, () -> {}))
          .toList();
  private final ErrorRegisters errors = new ErrorRegisters(bricks, 16);
  private final AccessCounts counts = new AccessCounts(64);
  private final MistakeLog mistakes = new MistakeLog("npu");
  private final Xts xts =
      new Xts(
          "npu",
          new Xts.Links() {
            @Override
            public int firstLink(int bdfn) {
              return 3;
            }

            @Override
            public boolean carries(int bdfn) {
              return true;
            }
          });
  private final NpuRegisters registers =
      new NpuRegisters(
          bricks,
          xts,
          errors,
          IntStream.range(0, 8)
              .mapToObj(i -> new AtsdRegisterSet(i, (register, launch, ava) -> true, mistakes))
              .toList(),
          counts,
          "npu");

  @BeforeEach
  void givePes() {
    for (int link = 0; link < 6; link++) {
      errors.mapPe(link, link < 3 ? 13 : 12, link < 3 ? 0x0400 : 0x0500);
    }
  }

  @ParameterizedTest(name = "0x{0} reads 0x{1}")
  @CsvSource({
    // XTS
    "710020, 4200000000000000",
    "710028, 0000000000004000",
    "710100, 0",
    "710138, 0",
    "714000, 0",
    "714078, 0",
    "718000, 0",
    "719fe0, 0",
    // MISC: error report, freeze and fence enables and states, PE maps and states
    "720020, 0",
    "720040, fc00000000000000",
    "720050, 0",
    "7200a8, 0",
    "7200b0, fc00000000000000",
    "720100, 8d04000000000000",
    "720108, 0",
    "720148, 8c05000000000000",
    "720178, 8c05000000000000",
    "720200, 0",
    "720278, 0",
    // CTL of the three stacks: both fences, first PE map of both bricks
    "440090, 000000000000f000",
    "540090, 000000000000f000",
    "640090, 000000000000f000",
    "440050, 8d04000000000000",
    "440068, 8d04000000000000",
    "640068, 8c05000000000000",
    // NTL errors of the first and last link; NTL-U fence status
    "490010, 0",
    "490020, 0",
    "6b0010, 0",
    "090500, c000000000000000",
    "2b0500, c000000000000000",
    // ATSD
    "800010, 0",
    "870010, 0"
  })
  void powerOnValues(String offset, String value) {
    assertThat(read(offset)).isEqualTo(Long.parseUnsignedLong(value, 16));
    assertThat(counts.unmodelled()).isEmpty();
  }

  @ParameterizedTest(name = "0x{0} reads 0x{1}")
  @CsvSource({
    "5b0010, 8000000000000000",
    "5b0020, 8000000000000000",
    "590010, 0",
    "720020, 1000000000000000",
    "7200a8, 1000000000000000",
    "720260, 8000000420001000",
    "720268, 0"
  })
  void anErrorIsHeldReportedAndChargedToThePeOfItsLink(String offset, String value) {
    errors.raise(bricks.get(3), Cause.NO_LINK, HPA);

    assertThat(read(offset)).isEqualTo(Long.parseUnsignedLong(value, 16));
    assertThat(errors.nextError()).isEqualTo(12);
  }

  @Test
  void theFirstErrorStaysFirst() {
    errors.raise(bricks.get(0), Cause.NO_MEMORY, HPA);
    errors.raise(bricks.get(0), Cause.NO_LINK, HPA + 0x1000);

    assertThat(read("490010")).isEqualTo(3L << 62);
    assertThat(read("490020")).isEqualTo(1L << 62);
    assertThat(read("720268")).isEqualTo(ErrorRegisters.PE_STOPPED | HPA);
  }

  @Test
  void aMaskedErrorIsHeldButNotFirst() {
    write("490018", 1L << 63);

    errors.raise(bricks.get(0), Cause.NO_LINK, HPA);

    assertThat(read("490010")).isEqualTo(1L << 63);
    assertThat(read("490020")).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"490010", "490020", "720020", "720268"})
  void writingZeroTakesAnErrorBack(String offset) {
    errors.raise(bricks.get(0), Cause.NO_LINK, HPA);
    assertThat(read(offset)).isNotZero();

    write(offset, 0);

    assertThat(read(offset)).isZero();
  }

  @Test
  void aResetOfTheNtlClearsTheLinksErrorsAndFreezeButNotThePes() {
    errors.raise(bricks.get(0), Cause.NO_LINK, HPA);
    errors.raise(bricks.get(1), Cause.NO_LINK, HPA);

    bricks.get(0).fenceOff();

    assertThat(read("490010")).isZero();
    assertThat(read("490020")).isZero();
    assertThat(read("7200a8")).as("link 1 is frozen still").isEqualTo(1L << 62);
    assertThat(errors.nextError()).isEqualTo(13);
    write("720268", 0);
    assertThat(errors.nextError()).isEqualTo(NpuErrors.NO_ERROR);
  }

  @Test
  void nextErrorIsThePeWithTheLowestNumber() {
    errors.raise(bricks.get(0), Cause.NO_LINK, HPA);
    assertThat(errors.nextError()).isEqualTo(13);

    errors.raise(bricks.get(5), Cause.NO_LINK, HPA);

    assertThat(errors.nextError()).isEqualTo(12);
    assertThat(errors.nextError()).as("asked again").isEqualTo(12);
  }

  @Test
  void noPeIsEverReportedFrozen() {
    errors.raise(bricks.get(0), Cause.NO_LINK, HPA);

    for (int pe = 0; pe < errors.peCount(); pe++) {
      assertThat(errors.freezeStatus(pe)).isEqualTo(NpuErrors.NOT_FROZEN);
    }
  }

  @Test
  void theFenceEnableMakesAnErrorFenceItsLink() {
    bricks.get(2).unfence();
    errors.raise(bricks.get(2), Cause.NO_MEMORY, HPA);
    assertThat(bricks.get(2).fence()).as("off after power-on").isEqualTo(FenceState.RUNNING);
    assertThat(read("7200b0")).isEqualTo(0xdc00_0000_0000_0000L);
    assertThat(read("540090")).isEqualTo(0x3000);

    write("720050", 1L << 61);
    errors.raise(bricks.get(2), Cause.NO_MEMORY, HPA);

    assertThat(bricks.get(2).fence()).isEqualTo(FenceState.FENCED);
    assertThat(read("7200b0")).isEqualTo(0xfc00_0000_0000_0000L);
    assertThat(read("590010")).as("kept").isEqualTo(1L << 62);
  }

  @Test
  void withoutFreezeEnableNothingIsFrozen() {
    write("720040", 0);

    errors.raise(bricks.get(0), Cause.NO_LINK, HPA);

    assertThat(read("7200a8")).isZero();
    assertThat(errors.nextError()).isEqualTo(13);
  }

  @Test
  void statesAreReadOnly() {
    write("7200a8", -1);
    write("7200b0", 0);
    write("440090", 0);

    assertThat(read("7200a8")).isZero();
    assertThat(read("7200b0")).isEqualTo(0xfc00_0000_0000_0000L);
    assertThat(read("440090")).isEqualTo(0xf000);
  }

  @Test
  void anErrorGoesToEveryPeThatTheLinkHas() {
    write("720108", 0x8100000000000000L);
    write("720100", 0);

    errors.raise(bricks.get(0), Cause.NO_LINK, HPA);

    assertThat(errors.nextError()).isEqualTo(1);
    assertThat(read("720268")).isZero();
  }

  @Test
  void halfRegistersAreRead() {
    assertThat(registers.read(0x720040, 4)).isEqualTo(0xfc000000L);
    assertThat(registers.read(0x440094, 4)).isEqualTo(0xf000);
    registers.write(0x720054, 4, 5);
    assertThat(read("720050")).isEqualTo(5);
  }

  @Test
  void whatHasNoModelIsCounted() {
    assertThat(read("720008")).isZero();
    write("720008", 1);
    assertThat(read("4a0010")).isZero();

    assertThat(counts.unmodelled()).hasSize(2);
  }

  @Test
  void theAtsdPartitionOfTheFirstLinkShowsAtItsOffset() {
    xts.mapLpar(0x0500, 0x123, 0);

    assertThat(read("710118")).isEqualTo(0x123);
    assertThat(read("714000") & 0xfff).isEqualTo(0x123);
  }

  private long read(String offset) {
    return registers.read(Long.parseLong(offset, 16), 8);
  }

  private void write(String offset, long value) {
    registers.write(Long.parseLong(offset, 16), 8, value);
  }
}
