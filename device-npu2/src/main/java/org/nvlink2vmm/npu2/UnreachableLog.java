package org.nvlink2vmm.npu2;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Accesses to GPU memory that the NPU could not carry: on a machine the processor gets a "low level
 * error", the NPU freezes the link or the host checkstops. Keeps the first accesses and counts all.
 */
final class UnreachableLog {
  private static final int KEPT = 32;

  private final String where;
  private final Deque<Access> first = new ArrayDeque<>();
  private long count;

  UnreachableLog(String where) {
    this.where = where;
  }

  /**
   * An access that hit nothing.
   *
   * @param linkUp true: above the GPU's memory; false: over links that do not carry
   * @param thread who issued it
   */
  record Access(int bdfn, long hpa, int size, boolean write, boolean linkUp, String thread) {
    @Override
    public String toString() {
      return "%s of %d bytes at 0x%x of the GPU at %02x:%02x.%x by %s: %s"
          .formatted(
              write ? "store" : "load",
              size,
              hpa,
              bdfn >>> 8,
              bdfn >>> 3 & 0x1f,
              bdfn & 7,
              thread,
              linkUp ? "no memory there" : "no trained link");
    }
  }

  synchronized void add(int bdfn, long hpa, int size, boolean write, boolean linkUp) {
    count++;
    if (first.size() < KEPT) {
      first.addLast(new Access(bdfn, hpa, size, write, linkUp, Thread.currentThread().getName()));
    }
  }

  synchronized long count() {
    return count;
  }

  synchronized List<Access> first() {
    return List.copyOf(first);
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    long more = count() - first().size();
    for (Access access : first()) {
      lines.add(where + ": " + access);
    }
    if (more > 0) {
      lines.add(where + ": " + more + " more such accesses");
    }
    return lines;
  }
}
