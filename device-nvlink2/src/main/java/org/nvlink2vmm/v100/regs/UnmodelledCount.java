package org.nvlink2vmm.v100.regs;

/** Told of accesses to registers that have no model; offsets are from the start of BAR 0. */
public interface UnmodelledCount {
  void read(int offset, int size);

  void write(int offset, int size, int value);
}
