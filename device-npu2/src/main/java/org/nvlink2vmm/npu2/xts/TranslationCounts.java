package org.nvlink2vmm.npu2.xts;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.nvlink2vmm.vmm.ats.TranslationAgent;

/**
 * What an NPU answered to translation requests. Counting takes no lock; keeping a fault does.
 * Neither allocates, since guests cause both.
 */
public final class TranslationCounts {
  private static final int KEPT = 64;

  private final LongAdder answered = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final int[] requesters = new int[KEPT];
  private final int[] pids = new int[KEPT];
  private final long[] addresses = new long[KEPT];
  private final boolean[] writes = new boolean[KEPT];
  private final long[] answers = new long[KEPT];
  private long faults;

  /** A request that was refused. {@code address} is the effective address that faulted. */
  public record FaultRecord(
      int requester, int pid, long address, boolean write, TranslationAgent.Fault fault) {}

  void count(long answer) {
    (answer < 0 ? refused : answered).increment();
  }

  synchronized void fault(int requester, int pid, long address, boolean write, long answer) {
    int at = (int) (faults++ % KEPT);
    requesters[at] = requester;
    pids[at] = pid;
    addresses[at] = address;
    writes[at] = write;
    answers[at] = answer;
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
  public synchronized List<FaultRecord> lastFaults() {
    List<FaultRecord> last = new ArrayList<>();
    for (long i = Math.max(0, faults - KEPT); i < faults; i++) {
      int at = (int) (i % KEPT);
      last.add(
          new FaultRecord(
              requesters[at],
              pids[at],
              addresses[at],
              writes[at],
              TranslationAgent.fault(answers[at])));
    }
    return last;
  }
}
