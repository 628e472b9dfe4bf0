package org.nvlink2vmm.vmm.vcpu.pseries;

import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.vcpu.Vcpu;

/** H_PUT_TCE and its kin (PAPR, section 14.5.4.2). */
final class TceHcalls {
  /** An indirect list is at most one page. */
  private static final int MAX_INDIRECT = 512;

  private final DmaTables tables;
  private final AddressSpace space;

  TceHcalls(DmaTables tables, AddressSpace space) {
    this.tables = tables;
    this.space = space;
  }

  long put(Vcpu vcpu) {
    return tables.put(vcpu.gpr(4), vcpu.gpr(5), vcpu.gpr(6)) ? Hcall.SUCCESS : Hcall.PARAMETER;
  }

  long get(Vcpu vcpu) {
    long entry = tables.entry(vcpu.gpr(4), vcpu.gpr(5));
    if (entry == -1) {
      return Hcall.PARAMETER;
    }
    vcpu.gpr(4, entry);
    return Hcall.SUCCESS;
  }

  long putIndirect(Vcpu vcpu) {
    long liobn = vcpu.gpr(4);
    long list = vcpu.gpr(6);
    long count = vcpu.gpr(7);
    int shift = tables.pageShift(liobn);
    if (count < 0 || count > MAX_INDIRECT || (list & 7) != 0 || shift == 0) {
      return Hcall.PARAMETER;
    }
    for (int i = 0; i < count; i++) {
      long tce = space.read(list + 8L * i, 8, ByteOrder.BIG_ENDIAN);
      if (!tables.put(liobn, vcpu.gpr(5) + ((long) i << shift), tce)) {
        return Hcall.PARAMETER;
      }
    }
    return Hcall.SUCCESS;
  }

  long stuff(Vcpu vcpu) {
    long liobn = vcpu.gpr(4);
    long count = vcpu.gpr(7);
    int shift = tables.pageShift(liobn);
    if (count < 0 || shift == 0) {
      return Hcall.PARAMETER;
    }
    // The first bus address outside the window ends the loop, so its length is bounded by that.
    for (long i = 0; i < count; i++) {
      if (!tables.put(liobn, vcpu.gpr(5) + (i << shift), vcpu.gpr(6))) {
        return Hcall.PARAMETER;
      }
    }
    return Hcall.SUCCESS;
  }
}
