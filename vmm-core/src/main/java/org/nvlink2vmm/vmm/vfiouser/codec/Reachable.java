package org.nvlink2vmm.vmm.vfiouser.codec;

import java.lang.foreign.MemorySegment;

/** Which memory an event loop may fill for a thread that waits. */
public final class Reachable {
  private static final Thread ANOTHER = Thread.ofPlatform().unstarted(() -> {});

  private Reachable() {}

  /** Whether any thread may touch a segment; false for one that is its owner's alone. */
  public static boolean byAnyThread(MemorySegment segment) {
    return segment.isAccessibleBy(ANOTHER);
  }
}
