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

class HomeNodesTest {
  private final Vcpu vcpu = vcpu();
  private final HomeNodes nodes = new HomeNodes();

  private static Vcpu vcpu() {
    AddressSpace space = new AddressSpace("guest", 1L << 40);
    try (MemoryTransaction change = space.change()) {
      change.map(
          space.root(), 0, new MemoryRegion.Ram("ram", Arena.ofAuto().allocate(0x10000, 4096)));
    }
    return new Partition(space, 0x10000, TimeBase.ofHost()).add(Vcpu::stop);
  }

  private long ask(long flags, long thread) {
    vcpu.gpr(4, flags);
    vcpu.gpr(5, thread);
    return nodes.answer(vcpu);
  }

  @Test
  void twoDomainsStandInARegisterAndOnesBehindThem() {
    nodes.set(List.of(new int[] {0, 0, 0, 1, 7}, new int[] {0, 0, 0, 2, 8}));
    assertThat(ask(1, 1)).isEqualTo(Hcall.SUCCESS);
    assertThat(vcpu.gpr(4)).isZero();
    assertThat(vcpu.gpr(5)).isEqualTo(2);
    assertThat(vcpu.gpr(6)).isEqualTo(0x8_ffff_ffffL);
    assertThat(vcpu.gpr(7)).isEqualTo(-1);
    assertThat(vcpu.gpr(9)).isEqualTo(-1);
  }

  @Test
  void aThreadThatDoesNotExistAndAnotherFormAreRefused() {
    nodes.set(List.of(new int[] {0}));
    assertThat(ask(1, 1)).isEqualTo(Hcall.P2);
    assertThat(ask(1, -1)).isEqualTo(Hcall.P2);
    assertThat(ask(2, 0)).isEqualTo(Hcall.FUNCTION);
  }

  @Test
  void whereTheTreeSaysNothingItIsNotOffered() {
    assertThat(ask(1, 0)).isEqualTo(Hcall.FUNCTION);
  }
}
