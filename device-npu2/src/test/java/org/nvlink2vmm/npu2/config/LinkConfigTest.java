package org.nvlink2vmm.npu2.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.npu2.link.PhyBus;
import org.nvlink2vmm.npu2.link.PhyFault;
import org.nvlink2vmm.npu2.procedure.ProcedureRegisters;

/** A bridge's configuration space against skiboot hw/npu2.c and core/pci-virt.c. */
final class LinkConfigTest {
  private static final long NTL = 0x6030201620000L;
  private static final long GENID = 0x60302016d0000L;
  private static final long ONES = 0xffff_ffffL;

  private final List<String> effects = new ArrayList<>();
  private final Brick brick = new Brick(1, new PhyBus(), PhyFault.NONE, () -> 0, () -> {});
  private final LinkConfig config =
      new LinkConfig(
          1,
          true,
          NTL,
          GENID,
          new ProcedureRegisters(brick, () -> 0, offset -> {}),
          new Recorder());

  private final class Recorder implements LinkConfig.Effects {
    @Override
    public void placeNtl(long hpa, boolean enabled) {
      effects.add("ntl %x %b".formatted(hpa, enabled));
    }

    @Override
    public void placeGenid(long hpa, boolean enabled) {
      effects.add("genid %x %b".formatted(hpa, enabled));
    }

    @Override
    public void functionReset() {
      effects.add("flr");
    }

    @Override
    public boolean dlOutOfReset() {
      return brick.dlOutOfReset();
    }
  }

  @ParameterizedTest(name = "0x{0} reads 0x{1}")
  @CsvSource({
    "00, 04ea1014",
    "04, 00100000",
    "08, 06800101",
    "0c, 00800000",
    "10, 01620004",
    "14, 00060302",
    "18, 016d0004",
    "1c, 00060302",
    "20, 0",
    "24, 0",
    "28, 0",
    "2c, 0",
    "30, ffffffff",
    "34, 00000040",
    "3c, 00000100",
    "40, 00028010",
    "44, 10000fc0",
    "48, 00002810",
    "4c, 00000013",
    "50, 00130000",
    "54, 0",
    "58, 0",
    "5c, 0",
    "60, 0",
    "64, 0",
    "68, 00070000",
    "6c, 00000007",
    "70, 00000003",
    "74, 0",
    "78, 0",
    "80, 01100009",
    "84, 40000003",
    "88, 0",
    "8c, 00000101",
    "90, 0",
    "fc, 0"
  })
  void resetValuesAreFirmwares(String offset, String value) {
    assertThat(read(Integer.parseInt(offset, 16), 4)).isEqualTo(Long.parseLong(value, 16));
  }

  /** Offset, what is left when all ones are written, from firmware's read-only masks. */
  @ParameterizedTest(name = "0x{0} keeps 0x{1} of all ones")
  @CsvSource({
    "00, 04ea1014",
    "08, 06800101",
    "0c, 00800000",
    "20, 0",
    "24, 0",
    "28, 0",
    "2c, 0",
    "30, ffffffff",
    "34, ffffff40",
    "38, ffffffff",
    "3c, 00000100",
    "40, 00028010",
    "44, 10000fc0",
    "4c, 00000013",
    "50, 00130fff",
    "54, 0",
    "58, 0",
    "5c, 0000001f",
    "60, 0",
    "64, 0",
    "68, 0007ffff",
    "6c, 00000007",
    "70, 0000ffff",
    "74, 0",
    "78, 0",
    "7c, ffffffff",
    "80, 0110ff09",
    "8c, ffff0101",
    "90, ffff00ff",
    "94, ffffffff",
    "fc, ffffffff"
  })
  void writesChangeWhatFirmwareLeavesWritable(String offset, String left) {
    int at = Integer.parseInt(offset, 16);

    config.write(at, 4, ONES);

    assertThat(read(at, 4)).isEqualTo(Long.parseLong(left, 16));
  }

  @ParameterizedTest(name = "{1} bytes at 0x{0}")
  @CsvSource({"02, 4", "01, 2", "fe, 4", "ff, 2", "100, 1", "100, 4", "00, 8", "00, 3"})
  void anAccessThatFirmwareRefusesReadsAllOnesAndIsDropped(String offset, int size) {
    int at = Integer.parseInt(offset, 16);

    config.write(at, size, 0);

    assertThat(config.read(at, size)).isEqualTo(ONES & -1L >>> (64 - 8 * size));
    assertThat(read(0x00, 4)).isEqualTo(0x04ea1014L);
  }

  @Test
  void memoryDecodePlacesBothWindowsAndTakesThemAway() {
    config.write(0x04, 2, 0x2);
    config.write(0x04, 2, 0x2);
    config.write(0x04, 1, 0x0);

    assertThat(effects)
        .containsExactly(
            "ntl 6030201620000 true",
            "genid 60302016d0000 true",
            "ntl 6030201620000 false",
            "genid 60302016d0000 false");
  }

  @ParameterizedTest(name = "{0} bytes")
  @CsvSource({"1", "2", "4"})
  void commandIsTrappedInEveryWidth(int size) {
    config.write(0x04, size, 0x2);

    assertThat(effects).containsExactly("ntl 6030201620000 true", "genid 60302016d0000 true");
  }

  @Test
  void onlyTheLowByteOfCommandDecodesMemory() {
    config.write(0x05, 1, 0x2);
    config.write(0x06, 2, 0x2);

    assertThat(effects).isEmpty();
  }

  /** Device control and status, link control 2: read-only and write-1-to-clear halves. */
  @ParameterizedTest(name = "0x{1} in {2} bytes at 0x{0} leaves 0x{3} at 0x{4}")
  @CsvSource({
    "48, 7fff, 2, 00007fff, 48",
    "48, 0000, 2, 00000000, 48",
    "48, ff, 1, 00002810, 48",
    "48, ffffffff, 4, 00002810, 48",
    "4a, ffff, 2, 00002810, 48",
    "50, ffff, 2, 00130fff, 50",
    "52, ffff, 2, 00130000, 50",
    "60, ffffffff, 4, 00000000, 60",
    "70, ffffffff, 4, 0000ffff, 70",
    "04, ffff, 2, 0010fd47, 04",
    "06, ffff, 2, 00570000, 04",
    "10, ffffffff, 4, 00020000, 10",
    "81, 5a, 1, 01105a09, 80",
    "91, ff, 1, 00000000, 90",
    "8d, 00, 1, 00000101, 8c"
  })
  void aWriteChangesWhatTheMasksLeave(
      String at, String value, int size, String left, String readAt) {
    config.write(Integer.parseInt(at, 16), size, Long.parseLong(value, 16));

    assertThat(read(Integer.parseInt(readAt, 16), 4)).isEqualTo(Long.parseLong(left, 16));
  }

  @Test
  void commandIsStored() {
    config.write(0x04, 2, 0xffff);

    assertThat(read(0x04, 2)).isEqualTo(0xfd47L & 0xffff & ~0x2b8L);
  }

  @ParameterizedTest(name = "BAR at 0x{0} has size 0x{1}")
  @CsvSource({"10, 20000", "18, 10000"})
  void sizingAnswersWithThePlainSizeOnce(String offset, String size) {
    int at = Integer.parseInt(offset, 16);
    long before = read(at, 4);

    config.write(at, 4, ONES);

    assertThat(read(at, 4)).isEqualTo(Long.parseLong(size, 16));
    assertThat(read(at, 4)).isEqualTo(before);
    config.write(at + 4, 4, ONES);
    assertThat(read(at + 4, 4)).isZero();
    assertThat(read(at + 4, 4)).isEqualTo(0x60302L);
  }

  @Test
  void aBarMovesWhenItsHighHalfIsWritten() {
    config.write(0x10, 4, 0x01640000);
    config.write(0x14, 4, 0x60302);
    config.write(0x04, 2, 0x2);

    assertThat(read(0x10, 4)).isEqualTo(0x01640004L);
    assertThat(effects).contains("ntl 6030201640000 true");
  }

  @Test
  void anEnabledBarStaysThoughTheLowHalfOfTheMoveIsSeen() {
    config.write(0x04, 2, 0x2);
    effects.clear();

    config.write(0x10, 4, 0x01640000);
    config.write(0x14, 4, 0x70302);

    assertThat(read(0x10, 4)).isEqualTo(0x01640004L);
    assertThat(read(0x14, 4)).isEqualTo(0x60302L);
    config.write(0x04, 2, 0x0);
    assertThat(effects).contains("ntl 6030201620000 false");
  }

  @Test
  void aBarTakesNothingButWholeDwords() {
    config.write(0x10, 2, 0xffff);

    assertThat(read(0x10, 4)).isEqualTo(0x01620004L);
  }

  @Test
  void functionLevelResetIsDeviceControlBitFifteenWrittenAsAWord() {
    config.write(0x48, 4, 0x8000);
    assertThat(effects).isEmpty();

    config.write(0x48, 2, 0x8000);

    assertThat(effects).containsExactly("flr");
  }

  @Test
  void aBitThatIsReadOnlyAndClearableFallsWithAnyWrite() {
    assertThat(read(0x04, 4)).isEqualTo(0x00100000L);
    config.write(0x50, 4, 0);

    assertThat(read(0x50, 4)).isEqualTo(0x00130000L);
  }

  @ParameterizedTest(name = "{0} bytes")
  @CsvSource({"1", "2"})
  void proceduresTakeDwordsOnly(int size) {
    config.write(0x88, size, 4);

    assertThat(config.read(0x88, size)).isEqualTo(-1L >>> (64 - 8 * size));
    assertThat(read(0x88, 4)).isZero();
  }

  @Test
  void statusIsNotWritten() {
    config.write(0x88, 4, 1);
    assertThat(read(0x84, 4)).isEqualTo(0x4000_0000L);

    config.write(0x84, 4, 0x8000_0005L);

    assertThat(read(0x84, 4)).isEqualTo(0x4000_0000L);
    assertThat(read(0x88, 4)).isEqualTo(1);
  }

  @Test
  void theFlagByteFollowsTheLink() {
    assertThat(read(0x8d, 1)).isEqualTo(1);

    config.write(0x88, 4, 10);
    assertThat(read(0x84, 4)).isEqualTo(0x4000_0000L);

    assertThat(read(0x8d, 1)).isEqualTo(3);
  }

  private long read(int offset, int size) {
    return config.read(offset, size);
  }
}
