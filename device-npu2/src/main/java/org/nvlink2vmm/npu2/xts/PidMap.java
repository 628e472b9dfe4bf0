package org.nvlink2vmm.npu2.xts;

import java.util.concurrent.atomic.AtomicLongArray;
import org.nvlink2vmm.vmm.ats.NpuOpal;

/**
 * The XTS's PID_MAP: 256 registers, 32 bytes apart, at 0x718000. Firmware uses one wildcard an
 * LPARSHORT, which passes every PID on to the nest MMU (skiboot hw/npu2.c, npu2_init_context).
 */
final class PidMap {
  static final int SIZE = 256;

  private static final long VALID_ATR = 3L << 62;
  private static final long VALID_ATSD = 1L << 61;
  private static final long DR = 1L << 38;
  private static final long HV = 1L << 36;
  private static final long PR = 1L << 35;
  private static final long SF = 1L << 33;
  private static final int LPARSHORT_SHIFT = 20;
  private static final int PID_MASK = 0xfffff;

  private final AtomicLongArray words = new AtomicLongArray(SIZE);

  long word(int index) {
    return words.get(index);
  }

  void store(int index, long word) {
    words.set(index, word);
  }

  /** A valid wildcard for MSR bits; SF is forced, contexts are 64-bit. */
  static long wildcard(int lparShort, long msr) {
    return VALID_ATR
        | VALID_ATSD
        | ((msr & NpuOpal.MSR_DR) != 0 ? DR : 0)
        | ((msr & NpuOpal.MSR_HV) != 0 ? HV : 0)
        | ((msr & NpuOpal.MSR_PR) != 0 ? PR : 0)
        | SF
        | (long) lparShort << LPARSHORT_SHIFT;
  }

  static boolean translates(long word) {
    return (word & VALID_ATR) != 0;
  }

  static boolean shootsDown(long word) {
    return (word & VALID_ATSD) != 0;
  }

  /** Whether the entry stands for this PID: the same, or 0 for any. */
  static boolean covers(long word, int pid) {
    int own = (int) word & PID_MASK;
    return own == 0 || own == pid;
  }

  static boolean isProblemState(long word) {
    return (word & PR) != 0;
  }

  static boolean relocates(long word) {
    return (word & DR) != 0;
  }
}
