package org.nvlink2vmm.vmm.irq;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class InterruptLineTest {
  @Test
  void aSharedLineIsUpUntilTheLastSourceLetsGo() {
    InterruptLine line = new InterruptLine(0x1200);
    line.set(3, true);
    line.set(63, true);
    line.set(3, true);
    assertThat(line.isUp()).isTrue();
    line.set(3, false);
    assertThat(line.isUp()).isTrue();
    line.set(63, false);
    line.set(63, false);
    assertThat(line.isUp()).isFalse();
    assertThat(line.rises()).isEqualTo(1);
    line.set(0, true);
    assertThat(line.rises()).isEqualTo(2);
    assertThat(line.number()).isEqualTo(0x1200);
  }

  @Test
  void pinsRotateByDeviceNumber() {
    for (int device = 0; device < 32; device++) {
      for (int pin = 1; pin <= 4; pin++) {
        assertThat(InterruptLine.swizzle(device, pin)).isEqualTo((device + pin - 1) % 4);
      }
    }
  }

  @Test
  void aVectorsMessageDiffersInTheLowBits() {
    assertThat(new MsiMessage(0x1000, 0x40).forVector(3)).isEqualTo(new MsiMessage(0x1000, 0x43));
  }
}
