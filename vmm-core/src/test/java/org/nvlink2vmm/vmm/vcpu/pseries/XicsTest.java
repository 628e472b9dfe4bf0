package org.nvlink2vmm.vmm.vcpu.pseries;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.vcpu.Partition;
import org.nvlink2vmm.vmm.vcpu.TimeBase;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

class XicsTest {
  private static final int SOURCE = Xics.FIRST_SOURCE + 5;

  private final Xics xics = new Xics(List.of(vcpu()), 1);

  private static Vcpu vcpu() {
    AddressSpace space = new AddressSpace("guest", 1L << 40);
    try (MemoryTransaction change = space.change()) {
      change.map(
          space.root(), 0, new MemoryRegion.Ram("ram", Arena.ofAuto().allocate(0x10000, 4096)));
    }
    return new Partition(space, 0x10000, TimeBase.ofHost()).add(Vcpu::stop);
  }

  @Test
  void anInterruptIsPresentedAcceptedAndEnded() {
    xics.cppr(0, 0xff);
    assertThat(xics.route(SOURCE, 0, 5)).isTrue();
    xics.pulse(SOURCE);
    assertThat(xics.accept(0)).isEqualTo(0xff000000L | SOURCE);
    assertThat(xics.accept(0)).isEqualTo(0x05000000L);
    xics.end(0, 0xff000000L | SOURCE);
    assertThat(xics.accept(0)).isEqualTo(0xff000000L);
  }

  @Test
  void whatIsLessFavouredThanTheThreadWaits() {
    xics.route(SOURCE, 0, 5);
    xics.pulse(SOURCE);
    assertThat(xics.accept(0) & 0xffffff).isZero();
    xics.cppr(0, 0xff);
    assertThat(xics.accept(0) & 0xffffff).isEqualTo(SOURCE);
  }

  @Test
  void aMaskedSourceIsDeliveredWhenItIsUnmasked() {
    xics.cppr(0, 0xff);
    xics.route(SOURCE, 0, 5);
    xics.enable(SOURCE, false);
    xics.pulse(SOURCE);
    assertThat(xics.accept(0) & 0xffffff).isZero();
    xics.enable(SOURCE, true);
    assertThat(xics.accept(0) & 0xffffff).isEqualTo(SOURCE);
  }

  @Test
  void aLevelComesBackUntilItIsLowered() {
    xics.cppr(0, 0xff);
    xics.route(SOURCE, 0, 5);
    xics.level(SOURCE, true);
    assertThat(xics.accept(0) & 0xffffff).isEqualTo(SOURCE);
    xics.end(0, 0xff000000L | SOURCE);
    assertThat(xics.accept(0) & 0xffffff).isEqualTo(SOURCE);
    xics.level(SOURCE, false);
    xics.end(0, 0xff000000L | SOURCE);
    assertThat(xics.accept(0) & 0xffffff).isZero();
  }

  @Test
  void anInterprocessorInterruptHasNumberTwo() {
    xics.cppr(0, 0xff);
    xics.ipi(0, 4);
    assertThat(xics.accept(0)).isEqualTo(0xff000002L);
    xics.ipi(0, 0xff);
    xics.end(0, 0xff000002L);
    assertThat(xics.accept(0)).isEqualTo(0xff000000L);
  }

  @Test
  void whatDoesNotExistIsRefused() {
    assertThat(xics.route(1, 0, 5)).isFalse();
    assertThat(xics.route(SOURCE, 1, 5)).isFalse();
    assertThat(xics.ipi(9, 4)).isEqualTo(Hcall.PARAMETER);
    assertThat(xics.routeOf(Xics.FIRST_SOURCE + Xics.SOURCES)).isEqualTo(-1);
    xics.pulse(-1);
  }
}
