package org.nvlink2vmm.npu2.atsd;

import org.nvlink2vmm.vmm.ats.InvalidationScope;

/**
 * The last shootdowns of all NPUs of a host, to tell what a driver meant when a page was used that
 * it should have shot down. Adding stores numbers into a ring under a lock.
 */
public final class ShootdownJournal {
  private static final int KEPT = 256;

  private final int[] npus = new int[KEPT];
  private final int[] pids = new int[KEPT];
  private final int[] shifts = new int[KEPT];
  private final long[] addresses = new long[KEPT];
  private long next;

  /** Whole processes have this for a page size. */
  private static final int WHOLE = 52;

  /**
   * @param npu which NPU of the host
   */
  synchronized void add(int npu, InvalidationScope scope, int pid, long address, int pageShift) {
    int at = (int) (next++ % KEPT);
    npus[at] = npu;
    pids[at] = scope == InvalidationScope.PARTITION || scope == InvalidationScope.ALL ? -1 : pid;
    shifts[at] = scope == InvalidationScope.ADDRESS ? pageShift : WHOLE;
    addresses[at] = scope == InvalidationScope.ADDRESS ? address : 0;
  }

  /** What was wrong with the shootdowns, if there were any, of a page that was used stale. */
  synchronized Mistake verdict(int npu, int pid, long page, int pageShift) {
    boolean smaller = false;
    boolean elsewhere = false;
    boolean otherPid = false;
    for (int at = 0; at < Math.min(next, KEPT); at++) {
      boolean mine = pids[at] == pid || pids[at] < 0;
      boolean covers =
          shifts[at] >= pageShift && page >>> shifts[at] == addresses[at] >>> shifts[at];
      boolean inside = shifts[at] < pageShift && addresses[at] >>> pageShift == page >>> pageShift;
      smaller |= npus[at] == npu && mine && inside;
      elsewhere |= npus[at] != npu && mine && covers;
      otherPid |= npus[at] == npu && !mine && covers && shifts[at] != WHOLE;
    }
    if (smaller) {
      return Mistake.WRONG_PAGE_SIZE;
    }
    if (elsewhere) {
      return Mistake.ONE_NPU_OF_TWO;
    }
    return otherPid ? Mistake.WRONG_PID : Mistake.NO_SHOOTDOWN;
  }
}
