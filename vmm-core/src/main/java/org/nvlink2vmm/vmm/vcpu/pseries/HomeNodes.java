package org.nvlink2vmm.vmm.vcpu.pseries;

import java.util.List;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/**
 * H_HOME_NODE_ASSOCIATIVITY: the associativity domains of a thread, which its node in the tree
 * lists, too (PAPR 14.11.6; QEMU hw/ppc/spapr_numa.c). Two domains a register from r4 on, the more
 * significant first; all ones where there are no more.
 */
final class HomeNodes {
  /** Asks by thread; the only form that QEMU offers. */
  private static final long BY_THREAD = 1;

  private static final int REGISTERS = 6;

  private volatile List<int[]> domains = List.of();

  /** Says the domains of each thread, the largest first; unknown ones are not offered. */
  void set(List<int[]> byThread) {
    domains = List.copyOf(byThread);
  }

  long answer(Vcpu vcpu) {
    List<int[]> all = domains;
    if (vcpu.gpr(4) != BY_THREAD || all.isEmpty()) {
      return Hcall.FUNCTION;
    }
    long thread = vcpu.gpr(5);
    if (thread < 0 || thread >= all.size()) {
      return Hcall.P2;
    }
    int[] found = all.get((int) thread);
    for (int i = 0; i < REGISTERS; i++) {
      long high = domain(found, 2 * i);
      vcpu.gpr(4 + i, high << 32 | domain(found, 2 * i + 1));
    }
    return Hcall.SUCCESS;
  }

  private static long domain(int[] domains, int index) {
    return index < domains.length ? domains[index] & 0xffff_ffffL : 0xffff_ffffL;
  }
}
