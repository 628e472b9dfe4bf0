package org.nvlink2vmm.v100;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.vmm.device.DeviceOptionException;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.NvlinkFacet;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/** A V100 described directly: registers, and one memory behind all its windows. */
final class V100Test {
  private static final long APERTURE = 128L << 30;
  private static final ValueLayout.OfInt WORD =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final V100Plugin plugin = new V100Plugin();
  private final VfioDevice gpu =
      described(Map.of("tgt", 0x40000000000L, "ram", APERTURE), Map.of());
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment word = arena.allocate(4);

  private VfioDevice described(Map<String, Object> description, Map<String, Object> options) {
    return plugin.described(
        "gpu0", new DeviceOptions("d.vfio", description), new DeviceOptions("d", options));
  }

  @AfterEach
  void close() {
    gpu.close();
    arena.close();
  }

  @ParameterizedTest(name = "0x{0} reads 0x{1}")
  @CsvSource({
    "000000, 140000a1", "000004, 0", "000008, 0", "000100, 0", "000140, 0",
    "000200, 40000121", "000204, 3fff", "000a00, 140a1000", "001100, 0", "001700, 0",
    "009080, 80000100", "009480, 5", "021c04, 1", "022430, 6", "022700, 0",
    "088000, 1db510de", "101000, 400000", "625f04, 0", "810000, c361", "a00148, 0",
    "fffffc, 0"
  })
  void registersReadTheirResetValues(String offset, String value) {
    assertThat(read(0, Long.parseLong(offset, 16))).isEqualTo(Integer.parseUnsignedInt(value, 16));
  }

  @Test
  void interruptEnablesAreSetAndClearedByMasks() {
    write(0, 0x160, 0x300);
    write(0, 0x180, 0x100);

    assertThat(read(0, 0x140)).isEqualTo(0x200);
    assertThat(read(0, 0x160)).isZero();
  }

  @Test
  void theTimerRuns() {
    int before = read(0, 0x9400);
    while (read(0, 0x9400) == before) {
      Thread.onSpinWait();
    }

    assertThat(before & 0x1f).isZero();
  }

  @Test
  void configurationSpaceIsMirroredInBarZero() {
    write(0, 0x8803c, 0x42);

    assertThat(read(7, 0x3c)).isEqualTo(0x142);
  }

  @Test
  void memoryIsOneStoreBehindAllWindows() {
    long at = (16L << 30) + 0x12340;
    write(1, at, 0x11223344);
    write(0, 0x1700, (int) (at >>> 16));
    assertThat(read(0, 0x700000 + (at & 0xffff))).isEqualTo(0x11223344);
    assertThat(read(9, at)).isEqualTo(0x11223344);

    write(0, 0x700000 + (at & 0xffff), 0x55667788);
    assertThat(read(1, at)).isEqualTo(0x55667788);

    write(3, 8, 0x99);
    assertThat(read(9, (32L << 30) - (32L << 20) + 8)).isEqualTo(0x99);
  }

  @Test
  void praminOutsideVideoMemoryReadsAllOnes() {
    write(0, 0x1700, 0x02000000);
    assertThat(read(0, 0x700000)).isEqualTo(-1);

    write(0, 0x1700, 0x00ffffff);
    assertThat(read(0, 0x7ffffc)).isEqualTo(-1);
  }

  @Test
  void theConsumerFindsTargetAndSize() {
    assertThat(plugin.nvlink(gpu)).contains(new NvlinkFacet.GpuRam(0x40000000000L, 9, APERTURE));
  }

  @Test
  void withoutTargetThereIsNoNvlink() {
    try (VfioDevice plain = described(Map.of("tgt", 0L), Map.of())) {
      assertThat(plugin.nvlink(plain)).isEmpty();
      assertThat(plain.info().numRegions()).isEqualTo(9);
    }
  }

  @Test
  void aModelThatDoesNotExistIsNamed() {
    assertThatThrownBy(() -> described(Map.of("tgt", 1L), Map.of("model", "a100")))
        .isInstanceOf(DeviceOptionException.class)
        .hasMessage("d.model: found \"a100\", expected v100-sxm2-16gb or v100-sxm2-32gb");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({"0", "-1", "65537", "4398046511104"})
  void aMemorySizeThatDoesNotFitIsNamed(long size) {
    assertThatThrownBy(() -> described(Map.of("tgt", 1L, "ram", size), Map.of()))
        .isInstanceOf(DeviceOptionException.class)
        .hasMessageStartingWith("d.vfio.ram: found 0x");
  }

  private int read(int region, long offset) {
    assertThat(gpu.read(region, offset, word)).isEqualTo(4);
    return word.get(WORD, 0);
  }

  private void write(int region, long offset, int value) {
    word.set(WORD, 0, value);
    assertThat(gpu.write(region, offset, word)).isEqualTo(4);
  }
}
