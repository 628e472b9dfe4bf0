package org.nvlink2vmm.v100;

import org.nvlink2vmm.v100.regs.UnmodelledCount;
import org.nvlink2vmm.vmm.trace.AccessCounts;

/** Counts accesses to registers of BAR 0 that have no model with the host's others. */
final class Bar0Counts implements UnmodelledCount {
  private final AccessCounts counts;
  private final int region;

  Bar0Counts(AccessCounts counts, String name) {
    this.counts = counts;
    region = counts.region(name);
  }

  @Override
  public void read(int offset, int size) {
    counts.unmodelledRead(region, offset, size, 0);
  }

  @Override
  public void write(int offset, int size, int value) {
    counts.unmodelledWrite(region, offset, size, Integer.toUnsignedLong(value));
  }
}
