package org.nvlink2vmm.npu2.xts;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.nvlink2vmm.vmm.ats.TranslationAgent;

/** What an NPU answered to translation requests. Counting takes no lock; keeping a fault does. */
public final class TranslationCounts {
  private static final int KEPT = 64;

  private final LongAdder answered = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final Deque<FaultRecord> last = new ArrayDeque<>(KEPT);

  /** A request that was refused. {@code address} is the effective address that faulted. */
  public record FaultRecord(
      int requester, int pid, long address, boolean write, TranslationAgent.Fault fault) {}

  void count(long answer) {
    (answer < 0 ? refused : answered).increment();
  }

  void fault(int requester, int pid, long address, boolean write, TranslationAgent.Fault fault) {
    FaultRecord fresh = new FaultRecord(requester, pid, address, write, fault);
    synchronized (last) {
      if (last.size() == KEPT) {
        last.removeFirst();
      }
      last.addLast(fresh);
    }
  }

  /** Requests answered with a page. */
  public long answered() {
    return answered.sum();
  }

  /** Requests answered with a fault. */
  public long refused() {
    return refused.sum();
  }

  /** The last faults, oldest first, at most 64. */
  public List<FaultRecord> lastFaults() {
    synchronized (last) {
      return List.copyOf(last);
    }
  }
}
