package org.nvlink2vmm.vmm.vcpu.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElfImageTest {
  private static final long VIRTUAL = 0xc000000000000000L;

  /** A header, one program header, 16 bytes of code for guest-physical 0x1000. */
  private static ByteBuffer file(ByteOrder order) {
    ByteBuffer file = ByteBuffer.allocate(0x100).order(ByteOrder.BIG_ENDIAN);
    file.putInt(0, 0x7f454c46).put(4, (byte) 2);
    file.put(5, (byte) (order == ByteOrder.LITTLE_ENDIAN ? 1 : 2)).order(order);
    file.putShort(16, (short) 2).putShort(18, (short) 21);
    file.putLong(24, VIRTUAL + 0x1008).putLong(32, 64);
    file.putShort(54, (short) 56).putShort(56, (short) 1);
    file.putInt(64, 1).putLong(72, 0xf0).putLong(80, VIRTUAL + 0x1000).putLong(88, 0x1000);
    return file.putLong(96, 16).putLong(104, 32);
  }

  @Test
  void eitherByteOrderIsRead() {
    for (ByteOrder order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
      ElfImage image = ElfImage.of("kernel", file(order));
      assertThat(image.littleEndian()).isEqualTo(order == ByteOrder.LITTLE_ENDIAN);
      assertThat(image.entry()).isEqualTo(0x1008);
      assertThat(image.end()).isEqualTo(0x1020);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, not an ELF file",
    "4, 1, ELF class 1",
    "5, 3, byte order 3",
    "16, 9, type 9",
    "18, 62, machine 62",
    "56, 0, 0 program headers",
    "33, 16, program headers at 0x1040 end outside the file",
    "73, 8, segment at file offset 0x8f0",
    "95, 128, makes no sense",
    "24, 127, lies in no segment",
  })
  void whatIsWrongIsSaid(int offset, int value, String message) {
    ByteBuffer file = file(ByteOrder.LITTLE_ENDIAN);
    file.put(offset, (byte) value);
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> ElfImage.of("kernel", file))
        .withMessageStartingWith("kernel: ")
        .withMessageContaining(message);
  }

  @Test
  void truncationAtEveryByteIsAnError() {
    for (int length = 0; length < 0x100; length++) {
      ByteBuffer cut = file(ByteOrder.LITTLE_ENDIAN).limit(length).slice();
      assertThatThrownBy(() -> ElfImage.of("kernel", cut)).isInstanceOf(BootException.class);
    }
  }

  @Test
  void aFileThatIsNotThereIsSaid() {
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> ElfImage.read(Path.of("no-such-kernel")))
        .withMessage("no-such-kernel: no such file");
  }

  @Test
  void aKernelLargerThanMemoryIsRefused() {
    ElfImage image = ElfImage.of("kernel", file(ByteOrder.BIG_ENDIAN));
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> BootPlan.of(image, 0, 0x1000))
        .withMessage("kernel: the kernel ends at 0x1020, memory at 0x1000");
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> BootPlan.of(image, 0, 0x200000))
        .withMessageContaining("no room for RTAS and the device tree");
  }

  @Test
  void anInitrdThatDoesNotFitIsRefused() {
    ElfImage image = ElfImage.of("kernel", file(ByteOrder.BIG_ENDIAN));
    BootPlan plan = BootPlan.of(image, 0x1000, 0x1000000);
    assertThat(plan.initrdEnd() - plan.initrdStart()).isEqualTo(0x1000);
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> BootPlan.of(image, 0x1000000, 0x1000000))
        .withMessageStartingWith("initrd of 16777216 bytes does not fit");
  }
}
