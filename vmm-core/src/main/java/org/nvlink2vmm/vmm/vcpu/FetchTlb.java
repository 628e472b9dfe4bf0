package org.nvlink2vmm.vmm.vcpu;

import java.util.Arrays;

/** Recent translations of instruction fetch: effective page to decoded page. */
final class FetchTlb {
  static final int ENTRIES = 1024;

  final long[] tags = new long[ENTRIES];
  final CodePage[] pages = new CodePage[ENTRIES];

  FetchTlb() {
    clear();
  }

  static int slot(long ea) {
    return (int) (ea >>> 12) & ENTRIES - 1;
  }

  void clear() {
    Arrays.fill(tags, -1);
    Arrays.fill(pages, null);
  }

  void forget(long ea) {
    if (tags[slot(ea)] == (ea & Tlb.PAGE)) {
      tags[slot(ea)] = -1;
    }
  }
}
