package org.nvlink2vmm.npu2.link;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The first registers of a link's NTL block: configuration, and the errors it has met (skiboot
 * include/npu2-regs.h, NPU2_NTL_MISC_CFG2 to NPU2_NTL_ERR_FIRST2_MASK). They keep what is written;
 * a reset of the NTL clears the errors. Offsets are within the block, multiples of 8.
 */
public final class NtlErrors {
  /** NTL_ERR_HOLD1: errors seen. */
  static final int ERR_HOLD1 = 0x010;

  /** NTL_ERR_MASK1: errors that FIRST1 does not take. */
  static final int ERR_MASK1 = 0x018;

  /** NTL_ERR_FIRST1: the first of the errors in HOLD1. */
  static final int ERR_FIRST1 = 0x020;

  private static final int ERR_HOLD2 = 0x030;
  private static final int ERR_FIRST2 = 0x040;
  private static final int END = 0x050;

  private final AtomicLongArray words = new AtomicLongArray(END >>> 3);
  private volatile boolean frozen;

  /** Whether the block has one of these registers there. */
  public static boolean isRegister(int offset) {
    return offset < END;
  }

  public long read(int offset) {
    return words.get(offset >>> 3);
  }

  /** Stores a register: zero takes errors back. */
  public void write(int offset, long value) {
    words.set(offset >>> 3, value);
  }

  /** Keeps errors in HOLD1; the first of them that MASK1 lets pass in FIRST1 as well. */
  public void hold(long bits) {
    long held;
    do {
      held = read(ERR_HOLD1);
    } while (!words.compareAndSet(ERR_HOLD1 >>> 3, held, held | bits));
    words.compareAndSet(ERR_FIRST1 >>> 3, 0, bits & ~read(ERR_MASK1));
  }

  /** Whether an error has frozen the link since its last reset; data passes all the same. */
  public boolean frozen() {
    return frozen;
  }

  public void freeze() {
    frozen = true;
  }

  /** What a reset of the NTL does. */
  void reset() {
    frozen = false;
    write(ERR_HOLD1, 0);
    write(ERR_FIRST1, 0);
    write(ERR_HOLD2, 0);
    write(ERR_FIRST2, 0);
  }
}
