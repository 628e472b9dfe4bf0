package org.nvlink2vmm.vmm.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.device.HostFunction;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.RegionBacking;

/** Configuration space as a user of VFIO sees it, over hardware that takes every write. */
class VirtualConfigTest {
  private final Hardware hardware = new Hardware();

  /** Capabilities: PM, then one that VFIO does not know, MSI, PCI Express, a vendor's. */
  private static final class Hardware implements HostFunction {
    final ConfigSpace config = new ConfigSpace(4096);
    int resets;

    Hardware() {
      for (int at = 0; at < 4096; at += 4) {
        config.set32(at, 0, -1, 0);
      }
      put(0x00, 0x1db110de);
      put(0x04, 0x00100000);
      put(0x10, 0xc0000000);
      put(0x14, 0x2000000c);
      put(0x18, 0x00060220);
      put(0x30, 0xffffffff);
      put(0x34, 0x40);
      put(0x3c, 0x00000100);
      put(0x40, 0xf8035001); // PM, with PME
      put(0x50, 0x0000600d); // subsystem ids: hidden
      put(0x60, 0x00807005); // MSI, 64 bit
      put(0x70, 0x0002b010); // PCI Express v2
      put(0x74, 0x10000000); // can be reset
      put(0xb0, 0x01100009); // vendor
      put(0x100, 0x12010002); // VC, next 0x120
      put(0x120, 0x1301001e); // L1 substates: hidden, next 0x130
      put(0x130, 0x0001000b); // vendor
    }

    private void put(int offset, int value) {
      config.store(offset, 4, value);
    }

    @Override
    public HostBdf address() {
      return HostBdf.parse("0004:04:00.0");
    }

    @Override
    public MmioHandler config() {
      return config;
    }

    @Override
    public int configSize() {
      return 4096;
    }

    @Override
    public List<HostBar> bars() {
      return List.of(
          new HostBar(0, 0x1000000, false, false, new RegionBacking.None()),
          new HostBar(1, 0x400000000L, true, true, new RegionBacking.None()));
    }

    @Override
    public boolean functionReset() {
      resets++;
      put(0x10, 0);
      put(0x04, 0x00100000);
      return true;
    }

    @Override
    public void busReset() {}

    @Override
    public void connect(InterruptSink sink) {}
  }

  private VirtualConfig config() {
    return new VirtualConfig(hardware);
  }

  @Test
  void barsAreACopyThatKeepsWithinItsSize() {
    VirtualConfig config = config();
    assertThat(config.read(0x10, 4)).isEqualTo(0xc0000000L);
    assertThat(config.read(0x14, 4)).isEqualTo(0x0000000cL);
    assertThat(config.read(0x18, 4)).isEqualTo(0x00060220L & 0xfffffffcL);

    for (int bar = 0x10; bar < 0x28; bar += 4) {
      config.write(bar, 4, 0xffffffffL);
    }
    assertThat(config.read(0x10, 4)).isEqualTo(0xff000000L);
    assertThat(config.read(0x14, 4)).isEqualTo(0x0000000cL);
    assertThat(config.read(0x18, 4)).isEqualTo(0xfffffffcL);
    assertThat(config.read(0x1c, 4)).isZero();
    config.write(0x30, 4, 0xfffff800L);
    assertThat(config.read(0x30, 4)).as("no ROM").isZero();
    assertThat(hardware.config.load(0x10, 4)).as("untouched").isEqualTo(0xc0000000L);
  }

  @Test
  void openingTurnsDecodeOnAndTheUserTurnsItOff() {
    VirtualConfig config = config();
    assertThat(config.memoryEnabled()).isTrue();
    assertThat(hardware.config.load(4, 2)).isEqualTo(2);

    config.write(4, 2, 0x404);
    assertThat(config.memoryEnabled()).isFalse();
    assertThat(config.read(4, 2)).isEqualTo(0x404);
    assertThat(hardware.config.load(4, 2)).as("INTx disable stays with the kernel").isEqualTo(4);
  }

  @Test
  void idsAndStatusCannotBeWritten() {
    VirtualConfig config = config();
    config.write(0, 4, 0);
    config.write(6, 2, 0);

    assertThat(config.read(0, 4)).isEqualTo(0x1db110deL);
    assertThat(config.read(6, 2)).isEqualTo(0x10);
  }

  @Test
  void aCapabilityThatVfioDoesNotKnowIsOutOfTheList() {
    VirtualConfig config = config();

    assertThat(config.read(0x34, 1)).isEqualTo(0x40);
    assertThat(config.read(0x41, 1)).as("past the hidden one").isEqualTo(0x60);
    assertThat(config.read(0x61, 1)).isEqualTo(0x70);
    assertThat(config.read(0x71, 1)).isEqualTo(0xb0);
  }

  @Test
  void anExtendedOneThatVfioDoesNotKnowLosesItsId() {
    VirtualConfig config = config();

    assertThat(config.read(0x100, 4)).isEqualTo(0x12010002L);
    assertThat(config.read(0x120, 4)).isEqualTo(0x13000000L);
    assertThat(config.read(0x130, 4)).isEqualTo(0x0001000bL);
  }

  @Test
  void aVendorsCapabilityIsTheFunctionsOwn() {
    VirtualConfig config = config();
    config.write(0xb8, 4, 0x12345678L);

    assertThat(hardware.config.load(0xb8, 4)).isEqualTo(0x12345678L);
    assertThat(config.read(0xb8, 4)).isEqualTo(0x12345678L);
  }

  @Test
  void pmeIsHiddenAndThePowerStateTakesEffect() {
    VirtualConfig config = config();
    assertThat(config.read(0x42, 2)).isEqualTo(0x0003);

    config.write(0x44, 2, 0x103);
    assertThat(hardware.config.load(0x44, 2)).isEqualTo(3);
  }

  @Test
  void msiIsEnabledOnlyWhileItsVectorsAreInUse() {
    VirtualConfig config = config();
    config.write(0x64, 4, 0xfee00000L);
    config.write(0x62, 2, 0x81);
    assertThat(config.read(0x62, 2) & 1).isZero();
    assertThat(hardware.config.load(0x64, 4)).as("the address is the kernel's").isZero();

    config.msiInUse(true);
    config.write(0x62, 2, 0x81);
    assertThat(config.read(0x62, 2) & 1).isEqualTo(1);
    assertThat(hardware.config.load(0x62, 2) & 1).isEqualTo(1);
    assertThat(config.msiVectors()).isEqualTo(1);
  }

  @Test
  void aFunctionResetKeepsTheHeader() {
    VirtualConfig config = config();
    config.write(0x78, 2, 0x8000);

    assertThat(hardware.resets).isEqualTo(1);
    assertThat(hardware.config.load(0x10, 4)).isEqualTo(0xc0000000L);
    assertThat(hardware.config.load(4, 2)).isEqualTo(2);
    assertThat(config.read(0x78, 2) & 0x8000).isZero();
  }

  @Test
  void anAccessPastTheEndFaultsAsAWhole() {
    VirtualConfig config = config();
    MemorySegment eight = MemorySegment.ofArray(new byte[8]);

    assertThat(config.read(4092, eight)).isEqualTo(-Errno.EFAULT.number());
    assertThat(config.write(4096, eight)).isEqualTo(-Errno.EFAULT.number());
    assertThat(config.read(4088, eight)).isEqualTo(8);
    assertThat(config.read(-1, eight)).isEqualTo(-Errno.EFAULT.number());
  }
}
