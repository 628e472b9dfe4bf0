package org.nvlink2vmm.vmm.vcpu.pseries;

/** Hears where a guest keeps its radix process table; others than its processors walk it, too. */
@FunctionalInterface
public interface ProcessTableWatcher {
  ProcessTableWatcher NONE = (gpa, sizeShift) -> {};

  /**
   * H_REGISTER_PROC_TBL registered a table. On the thread of the guest that called.
   *
   * @param gpa of the table, as the guest gave it: a multiple of 4 KiB, not checked otherwise
   * @param sizeShift log2 of its size in bytes, 12 to 36
   */
  void registered(long gpa, int sizeShift);
}
