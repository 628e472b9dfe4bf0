package org.nvlink2vmm.npu2.regs;

import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * BAR 2 of a bridge, the brick's GENID page: reads 0, drops writes; no driver is known to use it.
 */
public final class GenidPage extends MmioHandler {
  @Override
  public long read(long offset, int size) {
    return 0;
  }

  @Override
  public void write(long offset, int size, long value) {}
}
