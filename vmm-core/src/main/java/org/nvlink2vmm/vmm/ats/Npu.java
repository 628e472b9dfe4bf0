package org.nvlink2vmm.vmm.ats;

/** What an NPU is to the GPUs on its links and to the host kernel. */
public interface Npu {
  /** The firmware's context calls. */
  NpuOpal opal();

  /** What firmware tells of this NPU's errors. */
  NpuErrors errors();

  /** Who answers the translation requests of this NPU's GPUs. */
  TranslationAgent translations();

  /** Registers the cache of the GPU at {@code bdfn}, so that shootdowns reach it. */
  void attach(int bdfn, TranslationCache cache);

  /**
   * Whether at least one link to the GPU at {@code bdfn} is trained and not fenced, so that loads
   * and stores to its memory get through. A hot path: one read.
   */
  boolean carries(int bdfn);

  /** Registers who is told when {@link #carries} changes for the GPU at {@code bdfn}. */
  void watch(int bdfn, LinkWatcher watcher);

  /**
   * A load or store reached the GPU's memory window while nothing carries it, or above the memory
   * that the GPU has. The NPU raises its error state; where it came from and what it hit is kept
   * for the report.
   *
   * @param hpa host-physical address, bytes
   */
  void unreachable(int bdfn, long hpa, int size, boolean write);

  /** Accesses that {@link #unreachable} was told of, since the host was made. */
  long unreachableAccesses();

  /**
   * Registers who is told of every access that {@link #unreachable} is told of, once it is in the
   * report; on the thread of the access, which must not be kept waiting.
   */
  void onUnreachable(Runnable watcher);

  /**
   * A GPU used a translation out of its cache. Whether it still holds is looked at without leaving
   * a trace; one that does not, and that no shootdown ever takes back, is a driver's mistake and
   * goes into the report.
   *
   * @param answer what the cache had, as {@link TranslationAgent#translate} answered it
   * @param generation the cache's, read before it was asked
   */
  void usedCached(int bdfn, int pid, long address, boolean write, long answer, int generation);

  /** Secondary bus reset of the GPU's parent bridge: fences the GPU's links, purges caches. */
  void busReset(int bdfn);

  /**
   * Says where the page tables of a partition are: guest-physical memory and the process table that
   * the guest registered (H_REGISTER_PROC_TBL).
   */
  void registerPartition(Partition partition);

  /** Forgets a partition. */
  void unregisterPartition(int lpid);
}
