package org.nvlink2vmm.vmm.vcpu;

import java.util.ArrayList;
import java.util.List;

/** The last interrupts that a thread took; one that repeats at the same place counts once. */
final class InterruptLog {
  /** How many are kept; a power of two. */
  private static final int KEPT = 8;

  private final int[] vectors = new int[KEPT];
  private final long[] places = new long[KEPT];
  private final long[] dataAddresses = new long[KEPT];
  private final long[] times = new long[KEPT];
  private int count;

  void took(int vector, long pc, long dar) {
    int last = count - 1 & KEPT - 1;
    if (count > 0 && vectors[last] == vector && places[last] == pc) {
      times[last]++;
      return;
    }
    int slot = count++ & KEPT - 1;
    vectors[slot] = vector;
    places[slot] = pc;
    dataAddresses[slot] = dar;
    times[slot] = 1;
  }

  /** The oldest first. */
  List<DebugPort.Interrupt> list() {
    List<DebugPort.Interrupt> list = new ArrayList<>();
    // The count wraps after 2^32 interrupts, which then are no longer told from the first ones.
    int kept = Integer.compareUnsigned(count, KEPT) < 0 ? count : KEPT;
    for (int i = count - kept; i != count; i++) {
      int slot = i & KEPT - 1;
      list.add(
          new DebugPort.Interrupt(vectors[slot], places[slot], dataAddresses[slot], times[slot]));
    }
    return list;
  }
}
