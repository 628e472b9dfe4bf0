package org.nvlink2vmm.vmm.pci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PciCapabilityTest {
  private final ConfigSpace config = new ConfigSpace(4096);

  private void capability(int offset, int id, int next) {
    config.set16(offset, next << 8 | id, 0, 0);
  }

  @Test
  void theChainIsWalkedInItsOrder() {
    config.set16(PciRegs.STATUS, PciRegs.STATUS_CAP_LIST, 0, 0);
    config.set8(PciRegs.CAPABILITY_LIST, 0x60, 0, 0);
    capability(0x60, PciRegs.CAP_ID_PM, 0x78);
    capability(0x78, PciRegs.CAP_ID_EXP, 0x68);
    capability(0x68, PciRegs.CAP_ID_MSI, 0);
    assertThat(PciCapability.standard(config))
        .containsExactly(
            new PciCapability(1, 0, 0x60),
            new PciCapability(0x10, 0, 0x78),
            new PciCapability(5, 0, 0x68));
    assertThat(PciCapability.find(config, PciRegs.CAP_ID_MSI))
        .contains(new PciCapability(5, 0, 0x68));
    assertThat(PciCapability.find(config, PciRegs.CAP_ID_VNDR)).isEmpty();
  }

  @Test
  void withoutTheStatusBitThereIsNoChain() {
    config.set8(PciRegs.CAPABILITY_LIST, 0x60, 0, 0);
    capability(0x60, PciRegs.CAP_ID_PM, 0);
    assertThat(PciCapability.standard(config)).isEmpty();
  }

  @Test
  void aChainThatTurnsBackEnds() {
    config.set16(PciRegs.STATUS, PciRegs.STATUS_CAP_LIST, 0, 0);
    config.set8(PciRegs.CAPABILITY_LIST, 0x40, 0, 0);
    capability(0x40, 1, 0x50);
    capability(0x50, 2, 0x40);
    assertThat(PciCapability.standard(config)).hasSize(2);
    capability(0x50, 2, 0x3c);
    assertThat(PciCapability.standard(config)).hasSize(2);
  }

  @Test
  void extendedCapabilitiesCarryAVersion() {
    config.set32(0x100, 0x25010002, 0, 0);
    config.set32(0x250, 0xac010018, 0, 0);
    config.set32(0xac0, 0x00010023, 0, 0);
    assertThat(PciCapability.extended(config, 4096))
        .containsExactly(
            new PciCapability(2, 1, 0x100),
            new PciCapability(0x18, 1, 0x250),
            new PciCapability(0x23, 1, 0xac0));
    assertThat(PciCapability.extended(config, 256)).isEmpty();
  }

  @Test
  void anyBytesGiveAFiniteChainInsideTheSpace() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      for (int offset = 0; offset < 4096; offset += 4) {
        config.store(offset, 4, random.nextInt());
      }
      config.store(PciRegs.STATUS, 2, PciRegs.STATUS_CAP_LIST);
      assertThat(PciCapability.standard(config))
          .as("seed %d", seed)
          .hasSizeLessThanOrEqualTo(48)
          .allMatch(capability -> capability.offset() >= 0x40 && capability.offset() < 0x100);
      assertThat(PciCapability.extended(config, 4096))
          .as("seed %d", seed)
          .allMatch(capability -> capability.offset() >= 0x100 && capability.offset() <= 0xffc);
    }
  }

  @Test
  void theIdentityIsReadAsItWasDeclared() {
    PciId id = new PciId(0x10de, 0x1db1, 0x10de, 0x1212, 0x030200, 0xa1);
    id.declareIn(config);
    assertThat(PciId.of(config)).isEqualTo(id).hasToString("10de:1db1");
    assertThat(config.read(0, 4)).isEqualTo(0x1db110deL);
    assertThat(config.read(0x2c, 4)).isEqualTo(0x121210deL);
  }
}
