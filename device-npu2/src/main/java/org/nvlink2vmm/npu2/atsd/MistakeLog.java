package org.nvlink2vmm.npu2.atsd;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import org.nvlink2vmm.vmm.device.HostHardware;

/**
 * Counts mistakes by kind and keeps where each was seen last. Bounded however often a guest errs;
 * counting takes no lock.
 */
public final class MistakeLog {
  private static final Mistake[] KINDS = Mistake.values();

  private final String where;
  private final AtomicLongArray counts = new AtomicLongArray(KINDS.length);
  private final AtomicLongArray registers = new AtomicLongArray(KINDS.length);
  private final AtomicLongArray pids = new AtomicLongArray(KINDS.length);
  private final AtomicLongArray places = new AtomicLongArray(KINDS.length);

  /**
   * @param where names the NPU in lines
   */
  public MistakeLog(String where) {
    this.where = where;
  }

  /**
   * @param register ATSD register set, -1 when none is to blame
   * @param address effective address
   */
  public void add(Mistake mistake, int register, int pid, long address) {
    int kind = mistake.number();
    counts.incrementAndGet(kind);
    registers.set(kind, register);
    pids.set(kind, pid);
    places.set(kind, address);
  }

  /** How often a mistake was made. */
  public long count(Mistake mistake) {
    return counts.get(mistake.number());
  }

  /** One line a kind of mistake that was made. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (Mistake mistake : KINDS) {
      int kind = mistake.number();
      if (counts.get(kind) > 0) {
        String register = registers.get(kind) < 0 ? "" : " register " + registers.get(kind) + ",";
        lines.add(
            "%s%s: %s (%d times, last:%s PID 0x%x, address 0x%x)"
                .formatted(
                    mistake.isHarmless() ? HostHardware.REMARK : "",
                    where,
                    mistake.text(),
                    counts.get(kind),
                    register,
                    pids.get(kind),
                    places.get(kind)));
      }
    }
    return lines;
  }
}
