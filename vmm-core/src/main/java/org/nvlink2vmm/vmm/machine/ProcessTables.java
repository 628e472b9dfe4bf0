package org.nvlink2vmm.vmm.machine;

import org.nvlink2vmm.vmm.ats.Partition;

/** H_REGISTER_PROC_TBL as the NPUs hear of it: whose page tables the guest's GPUs go by. */
final class ProcessTables {
  /** Process tables have 4 KiB to 64 GiB (Power ISA 3.0 B, book III 5.7.6.1: PRTS 0 to 24). */
  private static final int MIN_SHIFT = 12;

  private static final int MAX_SHIFT = 36;

  private final Machine machine;

  ProcessTables(Machine machine) {
    this.machine = machine;
  }

  /**
   * Tells all NPUs; false, and none is told, for a table that is not aligned to its size or does
   * not lie in one piece of RAM.
   *
   * @param sizeShift log2 of its size in bytes
   */
  boolean register(long gpa, int sizeShift) {
    boolean sound =
        sizeShift >= MIN_SHIFT
            && sizeShift <= MAX_SHIFT
            && (gpa & ((1L << sizeShift) - 1)) == 0
            && machine.spapr().memory().segment(gpa, 1L << sizeShift).isPresent();
    if (sound) {
      Partition partition =
          new Partition(
              MachineBuilder.LPID,
              machine.spapr().memory(),
              HostPlacement.scope(machine),
              gpa,
              sizeShift);
      machine.npus().forEach(npu -> npu.registerPartition(partition));
    }
    return sound;
  }
}
