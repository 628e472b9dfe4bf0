package org.nvlink2vmm.npu2.xts;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.vmm.ats.NpuOpal;
import org.nvlink2vmm.vmm.ats.TranslationAgent;

/** Firmware's context calls and the registers they fill (skiboot hw/npu2.c, npu2-regs.h). */
final class XtsTest {
  private static final long GUEST = NpuOpal.MSR_DR | NpuOpal.MSR_PR;
  private static final long HOST = GUEST | NpuOpal.MSR_HV;
  private static final int GPU0 = 0x0400;
  private static final int GPU1 = 0x0500;

  private final Xts xts =
      new Xts(
          "npu",
          new Xts.Links() {
            @Override
            public int firstLink(int bdfn) {
              return switch (bdfn) {
                case GPU0 -> 0;
                case GPU1 -> 3;
                case 0xffff -> -1;
                default -> bdfn % 6;
              };
            }

            @Override
            public boolean carries(int bdfn) {
              return true;
            }
          });

  @Test
  void mapAndInitWriteTheWordsOfTheManual() {
    assertThat(xts.mapLpar(GPU0, 0, 0)).isZero();
    assertThat(xts.readRegister(0x4000)).isEqualTo(0x4800040001800000L);
    assertThat(xts.initContext(GPU0, HOST)).isZero();
    assertThat(xts.readRegister(0x4000)).isEqualTo(0xc800040001800000L);
    assertThat(xts.readRegister(0x8000)).isEqualTo(0xe000005a00000000L);

    assertThat(xts.mapLpar(GPU1, 0x123, 0)).isZero();
    assertThat(xts.initContext(GPU1, GUEST)).isEqualTo(1);
    assertThat(xts.readRegister(0x4008)).isEqualTo(0xc500050001801123L);
    assertThat(xts.readRegister(0x8020)).isEqualTo(0xe000004a00100000L);

    xts.mapLpar(GPU0, 0x42, 0);
    xts.initContext(GPU0, GUEST);
    assertThat(xts.readRegister(0x8000)).isEqualTo(0xe000004a00000000L);
  }

  /** Stack as one bit of three, brick, by the GPU's first link; the link is its BDF modulo 6. */
  @ParameterizedTest(name = "GPU 0x{0} on link {1}")
  @CsvSource({
    "600, 0, 4800060001800001",
    "601, 1, 4900060101800001",
    "602, 2, 4400060201800001",
    "603, 3, 4500060301800001",
    "604, 4, 4200060401800001",
    "605, 5, 4300060501800001"
  })
  void theBdfMapNamesTheFirstLinkByStackAndBrick(String bdfn, int link, String word) {
    xts.mapLpar(Integer.parseInt(bdfn, 16), 1, 0);

    assertThat(xts.readRegister(0x4000)).isEqualTo(Long.parseUnsignedLong(word, 16));
    assertThat(xts.entryLink(0)).isEqualTo(link);
    assertThat(xts.entryBdfn(0)).isEqualTo(Integer.parseInt(bdfn, 16));
    assertThat(xts.readRegister(0x100 + 8 * link)).isEqualTo(1);
  }

  @ParameterizedTest(name = "MSR 0x{0}")
  @CsvSource({
    "0, e000000200000000",
    "10, e000004200000000",
    "4000, e000000a00000000",
    "4010, e000004a00000000",
    "1000000000004010, e000005a00000000",
    "8000000000004010, e000004a00000000"
  })
  void thePidMapHasTheMsrBitsAndSixtyFourBitMode(String msr, String word) {
    xts.mapLpar(GPU0, 1, 0);
    xts.initContext(GPU0, Long.parseUnsignedLong(msr, 16));

    assertThat(xts.readRegister(0x8000)).isEqualTo(Long.parseUnsignedLong(word, 16));
  }

  @Test
  void theLpidGoesToTheAtsdRegisterOfTheFirstLinkOnly() {
    xts.mapLpar(GPU0, 0, 0);
    xts.mapLpar(GPU1, 0x123, 0);

    assertThat(xts.readRegister(0x100)).isEqualTo(0x1000);
    assertThat(xts.readRegister(0x118)).isEqualTo(0x123);
    for (int other : new int[] {1, 2, 4, 5, 6, 7}) {
      assertThat(xts.readRegister(0x100 + 8 * other)).isZero();
    }
  }

  @Test
  void configurationIsAsFirmwareLeavesIt() {
    assertThat(xts.readRegister(0x20)).isEqualTo(0x4200_0000_0000_0000L);
    assertThat(xts.readRegister(0x28)).isEqualTo(0x4000L);
  }

  @Test
  void mapLparRefuses() {
    assertThat(xts.mapLpar(GPU0, 1, 1)).isEqualTo(NpuOpal.UNSUPPORTED);
    assertThat(xts.mapLpar(0xffff, 1, 0)).isEqualTo(NpuOpal.PARAMETER);
    assertThat(xts.mapLpar(GPU0, 0x1000, 0)).isEqualTo(NpuOpal.PARAMETER);
    assertThat(xts.readRegister(0x4000)).isZero();
  }

  @Test
  void sixteenGpusFitAndEntriesAreReused() {
    for (int i = 0; i < 16; i++) {
      assertThat(xts.mapLpar(0x100 + i, i, 0)).isZero();
    }
    assertThat(xts.mapLpar(0x200, 1, 0)).isEqualTo(NpuOpal.RESOURCE);
    assertThat(xts.mapLpar(0xffff, 1, 0)).as("the search comes first").isEqualTo(-10);

    assertThat(xts.mapLpar(0x107, 0x77, 0)).isZero();

    assertThat(xts.readRegister(0x4038) & 0xfff).isEqualTo(0x77);
    assertThat(xts.readRegister(0x4038) >>> 12 & 0xf).as("LPARSHORT").isEqualTo(7);
  }

  @Test
  void mappingAgainClearsWhatInitSet() {
    xts.mapLpar(GPU0, 1, 0);
    xts.initContext(GPU0, GUEST);

    xts.mapLpar(GPU0, 2, 0);

    assertThat(xts.readRegister(0x4000)).as("not valid").isPositive();
    assertThat(xts.readRegister(0x8000)).isZero();
    assertThat(xts.destroyContext(GPU0)).isEqualTo(NpuOpal.PARAMETER);
  }

  @ParameterizedTest(name = "MSR 0x{0} gives {1}")
  @CsvSource({
    "4010, 0",
    "8000000000004010, 0",
    "1000000000004010, 0",
    "0, 0",
    "4011, -7",
    "1, -7",
    "2000000000000000, -7"
  })
  void initContextTakesFourMsrBits(String msr, long answer) {
    xts.mapLpar(GPU0, 1, 0);

    assertThat(xts.initContext(GPU0, Long.parseUnsignedLong(msr, 16))).isEqualTo(answer);
  }

  @Test
  void contextsAreCounted() {
    assertThat(xts.initContext(GPU0, GUEST)).as("not mapped").isEqualTo(NpuOpal.PARAMETER);
    xts.mapLpar(GPU0, 1, 0);
    assertThat(xts.initContext(GPU0, GUEST)).isZero();
    assertThat(xts.initContext(GPU0, GUEST)).isZero();
    assertThat(xts.initContext(GPU0, HOST)).as("other MSR").isEqualTo(NpuOpal.PARAMETER);

    assertThat(xts.destroyContext(GPU0)).isZero();
    assertThat(xts.readRegister(0x8000)).isNotZero();
    assertThat(xts.destroyContext(GPU0)).isZero();
    assertThat(xts.readRegister(0x8000)).isZero();
    assertThat(xts.readRegister(0x4000)).as("stays valid").isNegative();
    assertThat(xts.destroyContext(GPU0)).isEqualTo(NpuOpal.PARAMETER);
    assertThat(xts.destroyContext(GPU1)).isEqualTo(NpuOpal.PARAMETER);
  }

  @Test
  void theLastFaultsAreKeptWithTheirAddresses() {
    for (int i = 0; i < 100; i++) {
      long answer = xts.translate(GPU0, 5, i << 16, true);
      assertThat(TranslationAgent.fault(answer)).isEqualTo(TranslationAgent.Fault.NO_CONTEXT);
    }

    assertThat(xts.counts().refused()).isEqualTo(100);
    assertThat(xts.counts().lastFaults()).hasSize(64);
    assertThat(xts.counts().lastFaults().getLast())
        .isEqualTo(
            new TranslationCounts.FaultRecord(
                GPU0, 5, 99 << 16, true, TranslationAgent.Fault.NO_CONTEXT));
  }

  @Test
  void aWildcardThatNobodyCountsIsAnInternalError() {
    xts.mapLpar(GPU0, 1, 0);
    xts.writeRegister(0x8000, 0xe000004a00000000L);

    assertThat(xts.initContext(GPU0, GUEST)).isEqualTo(NpuOpal.INTERNAL_ERROR);
  }
}
