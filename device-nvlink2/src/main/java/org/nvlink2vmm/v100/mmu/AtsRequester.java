package org.nvlink2vmm.v100.mmu;

import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.ats.TranslationAgent;

/** The GPU's side of address translation: its cache first, then the NPU. */
public final class AtsRequester {
  private final int bdfn;
  private final Npu npu;
  private final GpuTlb tlb;
  private final boolean audit;

  /**
   * @param bdfn how the NPU knows the GPU
   * @param audit tells the NPU of every answer that comes from the cache, so that one which no
   *     longer holds is noted
   */
  public AtsRequester(int bdfn, Npu npu, GpuTlb tlb, boolean audit) {
    this.bdfn = bdfn;
    this.npu = npu;
    this.tlb = tlb;
    this.audit = audit;
  }

  public GpuTlb tlb() {
    return tlb;
  }

  /**
   * Translates; to be called, and the answer used, inside an access of {@link GpuTlb#inFlight}.
   *
   * @return as {@link TranslationAgent#translate}
   */
  public long translate(int pid, long address, boolean write) {
    int generation = tlb.generation();
    long answer = tlb.lookup(pid, address, write);
    if (answer != GpuTlb.MISS) {
      if (audit) {
        npu.usedCached(bdfn, pid, address, write, answer, generation);
      }
      return answer;
    }
    generation = tlb.generation();
    answer = npu.translations().translate(bdfn, pid, address, write);
    if (answer >= 0) {
      tlb.fill(generation, pid, address, answer);
    }
    return answer;
  }
}
