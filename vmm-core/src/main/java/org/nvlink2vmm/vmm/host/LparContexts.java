package org.nvlink2vmm.vmm.host;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.ats.Npu;
import org.nvlink2vmm.vmm.ats.NpuOpal;
import org.nvlink2vmm.vmm.vfio.Errno;

/**
 * Which partition each GPU belongs to: pnv_npu2_map_lpar_dev and pnv_npu2_unmap_lpar_dev (Linux
 * arch/powerpc/platforms/powernv/npu-dma.c), with the moments at which the kernel calls them.
 */
final class LparContexts {
  /** MSR bits of the host's own context. */
  private static final long HOST = NpuOpal.MSR_DR | NpuOpal.MSR_PR | NpuOpal.MSR_HV;

  /** Calls that are kept for reports; the oldest go first. */
  private static final int KEPT = 4096;

  private final Function<HostBdf, Optional<Npu>> npus;
  private final Deque<OpalCall> calls = new ArrayDeque<>();

  LparContexts(Function<HostBdf, Optional<Npu>> npus) {
    this.npus = npus;
  }

  /** The host takes a GPU at boot, and back when the last user of its group has gone. */
  void own(String moment, HostBdf gpu) {
    map(moment, gpu, 0, HOST);
  }

  /**
   * Gives a GPU to a partition. A context that cannot be made is a line in the kernel's log only:
   * the answer is 0 all the same.
   */
  long map(String moment, HostBdf gpu, int lpid, long msr) {
    Npu npu = npus.apply(gpu).orElse(null);
    if (npu == null) {
      return -Errno.ENODEV.number();
    }
    long mapped = npu.opal().mapLpar(gpu.bdfn(), lpid, 0);
    note(moment, OpalCall.Name.MAP_LPAR, gpu, lpid, mapped);
    if (mapped != NpuOpal.SUCCESS) {
      return mapped;
    }
    note(moment, OpalCall.Name.INIT_CONTEXT, gpu, msr, npu.opal().initContext(gpu.bdfn(), msr));
    return 0;
  }

  /** Takes a GPU from its partition; one that has no context is left as it is. */
  long unmap(String moment, HostBdf gpu) {
    Npu npu = npus.apply(gpu).orElse(null);
    if (npu == null) {
      return -Errno.ENODEV.number();
    }
    long destroyed = npu.opal().destroyContext(gpu.bdfn());
    note(moment, OpalCall.Name.DESTROY_CONTEXT, gpu, 0, destroyed);
    if (destroyed < 0) {
      return destroyed;
    }
    long mapped = npu.opal().mapLpar(gpu.bdfn(), 0, 0);
    note(moment, OpalCall.Name.MAP_LPAR, gpu, 0, mapped);
    return mapped;
  }

  private synchronized void note(
      String moment, OpalCall.Name name, HostBdf gpu, long argument, long result) {
    if (calls.size() == KEPT) {
      calls.removeFirst();
    }
    calls.addLast(new OpalCall(moment, name, gpu, argument, result));
  }

  synchronized List<OpalCall> calls() {
    return List.copyOf(calls);
  }
}
