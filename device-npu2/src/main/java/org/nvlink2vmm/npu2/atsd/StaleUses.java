package org.nvlink2vmm.npu2.atsd;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.nvlink2vmm.vmm.ats.InvalidationScope;

/**
 * Pages that a GPU used out of its cache though the page tables no longer said so. That is no
 * mistake as such, until the shootdown is done; one that never comes is. A page leaves the list
 * when a shootdown has taken it back, after the accesses in flight have ended.
 */
public final class StaleUses {
  private static final int KEPT = 64;

  private final int npu;
  private final ShootdownJournal journal;
  private final List<Page> pages = new ArrayList<>();

  private record Page(int bdfn, int pid, long start, int shift) {}

  /**
   * @param npu which NPU of the host
   */
  public StaleUses(int npu, ShootdownJournal journal) {
    this.npu = npu;
    this.journal = journal;
  }

  /** A GPU used a page that has changed. */
  public synchronized void add(int bdfn, int pid, long address, int pageShift) {
    Page page = new Page(bdfn, pid, address & -(1L << pageShift), pageShift);
    if (pages.size() < KEPT && !pages.contains(page)) {
      pages.add(page);
    }
  }

  /** A shootdown of the NPU is done; {@link #takenBack} says for which GPUs. */
  public void launched(InvalidationScope scope, int pid, long address, int pageShift) {
    journal.add(npu, scope, pid, address, pageShift);
  }

  /** A shootdown has reached a GPU, and its accesses in flight have ended. */
  public synchronized void takenBack(
      int bdfn, InvalidationScope scope, int pid, long address, int pageShift) {
    if (pages.isEmpty()) {
      return;
    }
    for (Iterator<Page> each = pages.iterator(); each.hasNext(); ) {
      Page page = each.next();
      boolean covered =
          switch (scope) {
            case ADDRESS ->
                page.pid == pid
                    && page.shift <= pageShift
                    && page.start >>> pageShift == address >>> pageShift;
            case PROCESS -> page.pid == pid;
            case PARTITION, ALL -> true;
          };
      if (page.bdfn == bdfn && covered) {
        each.remove();
      }
    }
  }

  /** Pages that no shootdown took back. */
  public synchronized int count() {
    return pages.size();
  }

  /** What the driver did wrong about each page that no shootdown took back, one line a page. */
  public synchronized List<String> lines(String where) {
    List<String> lines = new ArrayList<>();
    for (Page page : pages) {
      lines.add(
          "%s: %s (GPU %02x:%02x.%x, PID 0x%x, page 0x%x of 2^%d bytes)"
              .formatted(
                  where,
                  journal.verdict(npu, page.pid, page.start, page.shift).text(),
                  page.bdfn >>> 8,
                  page.bdfn >>> 3 & 0x1f,
                  page.bdfn & 7,
                  page.pid,
                  page.start,
                  page.shift));
    }
    return lines;
  }
}
