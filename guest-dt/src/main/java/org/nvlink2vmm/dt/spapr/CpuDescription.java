package org.nvlink2vmm.dt.spapr;

/**
 * A processor core.
 *
 * @param id {@code reg}, the id of its first thread
 * @param threads hardware threads; they have the interrupt servers {@code id}, {@code id + 1}, ...
 * @param model what it is
 * @param numaNode the guest NUMA node it belongs to
 * @param vector whether VMX and VSX are offered
 * @param decimalFloat whether decimal floating point is offered
 */
public record CpuDescription(
    int id, int threads, CpuModel model, int numaNode, boolean vector, boolean decimalFloat) {

  public CpuDescription {
    if (id < 0 || threads < 1 || threads > 8 || numaNode < 0) {
      throw new IllegalArgumentException(
          "CPU " + id + " with " + threads + " threads on NUMA node " + numaNode);
    }
  }

  /** A POWER9 core with one thread on NUMA node 0, everything offered. */
  public static CpuDescription power9(int id) {
    return new CpuDescription(id, 1, CpuModel.POWER9, 0, true, true);
  }
}
