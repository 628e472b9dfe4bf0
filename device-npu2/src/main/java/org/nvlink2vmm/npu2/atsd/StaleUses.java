package org.nvlink2vmm.npu2.atsd;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.TranslationCache;

/**
 * Pages that a GPU used out of its cache though the page tables no longer said so. That is no
 * mistake as such, until the shootdown is done; one that never comes is. A page leaves the list
 * when a shootdown has taken it back and the accesses in flight have ended: a launch without flush
 * (F = 1) drops the page only, and leaves the rest to the next launch with flush that reaches the
 * GPU, whatever it drops.
 */
public final class StaleUses {
  private static final int KEPT = 64;

  private final int npu;
  private final ShootdownJournal journal;
  private final List<Page> pages = new ArrayList<>();

  /** Pages that were dropped without a flush since. */
  private final List<Page> unflushed = new ArrayList<>();

  private record Page(int bdfn, int pid, long start, int shift) {}

  /**
   * @param npu which NPU of the host
   */
  public StaleUses(int npu, ShootdownJournal journal) {
    this.npu = npu;
    this.journal = journal;
  }

  /**
   * A GPU used a page that has changed. If its cache was told to drop something since it was asked,
   * the use is one of the accesses in flight then: a flush ends it. A launch with flush waits for
   * the access that calls this.
   *
   * @param generation the cache's, read before it was asked
   */
  public synchronized void add(
      int bdfn, int pid, long address, int pageShift, TranslationCache cache, int generation) {
    Page page = new Page(bdfn, pid, address & -(1L << pageShift), pageShift);
    add(cache.generation() == generation ? pages : unflushed, page);
  }

  private static void add(List<Page> to, Page page) {
    if (to.size() < KEPT && !to.contains(page)) {
      to.add(page);
    }
  }

  /** A shootdown of the NPU is done; {@link #takenBack} says for which GPUs. */
  public void launched(InvalidationScope scope, int pid, long address, int pageShift) {
    journal.add(npu, scope, pid, address, pageShift);
  }

  /**
   * A shootdown has reached a GPU, and dropped what it covers.
   *
   * @param flush whether the accesses in flight have ended, too
   */
  public synchronized void takenBack(
      int bdfn, InvalidationScope scope, int pid, long address, int pageShift, boolean flush) {
    if (flush) {
      flushed(bdfn);
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
        if (!flush) {
          add(unflushed, page);
        }
      }
    }
  }

  /** The accesses of a GPU that were in flight have ended. */
  public synchronized void flushed(int bdfn) {
    unflushed.removeIf(page -> page.bdfn == bdfn);
  }

  /** Pages that no shootdown took back, or none with a flush. */
  public synchronized int count() {
    return pages.size() + unflushed.size();
  }

  /** What the driver did wrong about each page that no shootdown took back, one line a page. */
  public synchronized List<String> lines(String where) {
    List<String> lines = new ArrayList<>();
    for (Page page : pages) {
      lines.add(line(where, journal.verdict(npu, page.pid, page.start, page.shift), page));
    }
    for (Page page : unflushed) {
      lines.add(line(where, Mistake.NO_FLUSH, page));
    }
    return lines;
  }

  private static String line(String where, Mistake mistake, Page page) {
    return "%s: %s (GPU %02x:%02x.%x, PID 0x%x, page 0x%x of 2^%d bytes)"
        .formatted(
            where,
            mistake.text(),
            page.bdfn >>> 8,
            page.bdfn >>> 3 & 0x1f,
            page.bdfn & 7,
            page.pid,
            page.start,
            page.shift);
  }
}
