package org.nvlink2vmm.dt.spapr;

/**
 * The counter that gives GPUs their NUMA ids. A value: taking an id makes a new one.
 *
 * @param guestNodes number of NUMA nodes of ordinary guest memory
 * @param next the id that the next GPU gets
 */
public record NumaIds(int guestNodes, int next) {
  public NumaIds {
    if (guestNodes < 0 || next < Math.max(1, guestNodes)) {
      throw new IllegalArgumentException(
          guestNodes + " guest nodes, next GPU NUMA id " + next + ": id below the first");
    }
  }

  /** The counter of a new machine: GPUs come after the guest's own nodes, at 1 at the earliest. */
  public static NumaIds start(int guestNodes) {
    return new NumaIds(guestNodes, Math.max(1, guestNodes));
  }

  /** How many ids were taken since {@link #start}. */
  public int taken() {
    return next - Math.max(1, guestNodes);
  }

  NumaIds afterTaking() {
    return new NumaIds(guestNodes, next + 1);
  }
}
