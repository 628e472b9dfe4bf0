package org.nvlink2vmm.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

class RamBlockTest {
  private static final long GIB = 1L << 30;

  static Stream<RamBlock> bothKinds() {
    return Stream.of(
        RamBlock.ofPrivate("private", 128 * GIB), RamBlock.ofShareable("shareable", 128 * GIB));
  }

  /**
   * Pages in memory, from the second field of /proc/self/statm, in bytes of 4 KiB pages or more.
   */
  private static long residentBytes() throws IOException {
    String[] fields = Files.readString(Path.of("/proc/self/statm")).split(" ", 3);
    return Long.parseLong(fields[1]) * 4096;
  }

  @ParameterizedTest
  @MethodSource("bothKinds")
  void aBlockOf128GibCostsOnlyWhatIsTouched(RamBlock block) throws IOException {
    long before = residentBytes();
    try (block) {
      assertThat(block.size()).isEqualTo(128 * GIB);
      for (long gib = 0; gib < 128; gib++) {
        block.segment().set(ValueLayout.JAVA_LONG, gib * GIB + 8, gib + 1);
      }
      block.segment().set(ValueLayout.JAVA_BYTE, 128 * GIB - 1, (byte) 5);
      for (long gib = 0; gib < 128; gib++) {
        assertThat(block.segment().get(ValueLayout.JAVA_LONG, gib * GIB + 8)).isEqualTo(gib + 1);
        assertThat(block.segment().get(ValueLayout.JAVA_LONG, gib * GIB)).isZero();
      }
      assertThatThrownBy(() -> block.segment().get(ValueLayout.JAVA_BYTE, 128 * GIB))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(residentBytes() - before).as("resident").isLessThan(GIB);
    }
  }

  @ParameterizedTest
  @MethodSource("bothKinds")
  void zeroClearsTheWholeBlock(RamBlock block) {
    try (block) {
      block.segment().set(ValueLayout.JAVA_LONG, 77 * GIB, -1);
      block.zero();
      assertThat(block.segment().get(ValueLayout.JAVA_LONG, 77 * GIB)).isZero();
    }
  }

  @Test
  void onlyAShareableBlockHasAFileAndBothGiveEverythingBack() {
    int fds = OwnedFd.live();
    int mappings = Mapping.live();
    RamBlock here = RamBlock.ofPrivate("here", 4096);
    RamBlock shared = RamBlock.ofShareable("shared", 8192);
    assertThat(here.fd()).isEmpty();
    try (Mapping other =
        Mapping.shared(shared.fd().orElseThrow(), 0, 8192, Mapping.Protection.READ_ONLY)) {
      shared.segment().set(ValueLayout.JAVA_INT, 8188, 99);
      assertThat(other.segment().get(ValueLayout.JAVA_INT, 8188)).isEqualTo(99);
    }
    here.close();
    shared.close();
    shared.close();
    assertThat(OwnedFd.live()).isEqualTo(fds);
    assertThat(Mapping.live()).isEqualTo(mappings);
  }

  @ParameterizedTest
  @MethodSource("badSizes")
  void aSizeThatCannotBeIsRefusedWithoutALeak(long size) {
    int fds = OwnedFd.live();
    assertThatThrownBy(() -> RamBlock.ofShareable("bad", size)).isInstanceOf(NativeException.class);
    assertThatThrownBy(() -> RamBlock.ofPrivate("bad", size)).isInstanceOf(NativeException.class);
    assertThat(OwnedFd.live()).isEqualTo(fds);
  }

  static long[] badSizes() {
    return new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE};
  }
}
