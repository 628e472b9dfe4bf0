package org.nvlink2vmm.npu2.atsd;

import java.util.concurrent.atomic.LongAdder;

/** What an NPU's shootdowns came to. */
public final class AtsdCounts {
  private final LongAdder launches = new LongAdder();
  private final LongAdder cachesReached = new LongAdder();
  private final LongAdder entriesDropped = new LongAdder();

  public void launch() {
    launches.increment();
  }

  public void reached(int dropped) {
    cachesReached.increment();
    entriesDropped.add(dropped);
  }

  /** Launches that were carried out. */
  public long launches() {
    return launches.sum();
  }

  /** GPU caches that launches were sent to. */
  public long cachesReached() {
    return cachesReached.sum();
  }

  /** Translations that GPUs dropped. */
  public long entriesDropped() {
    return entriesDropped.sum();
  }
}
