package org.nvlink2vmm.npu2.atsd;

import org.nvlink2vmm.vmm.ats.InvalidationScope;

/**
 * Fields of the LAUNCH register of an ATSD register set (Linux arch/powerpc/platforms/powernv
 * npu-dma.c, skiboot include/npu2-regs.h). 64 bits, big-endian in memory.
 */
public final class AtsdLaunch {
  private static final int RIC_SHIFT = 61;
  private static final int IS_SHIFT = 51;
  private static final int PRS_SHIFT = 50;
  private static final int AP_SHIFT = 46;
  private static final int PID_SHIFT = 25;
  private static final int NO_FLUSH_SHIFT = 24;

  private static final InvalidationScope[] SCOPES = InvalidationScope.values();

  private AtsdLaunch() {}

  /** RIC: 0 translations, 1 page walk cache, 2 both. */
  public static int ric(long launch) {
    return (int) (launch >>> RIC_SHIFT) & 3;
  }

  /** Whether translations go: all but RIC 1, which means the page walk cache alone. */
  public static boolean dropsTranslations(long launch) {
    return ric(launch) != 1;
  }

  /** IS: how much is dropped. */
  public static InvalidationScope scope(long launch) {
    return SCOPES[(int) (launch >>> IS_SHIFT) & 3];
  }

  /** PRS: process scoped, as against partition scoped. */
  public static boolean processScoped(long launch) {
    return (launch >>> PRS_SHIFT & 1) != 0;
  }

  public static int pid(long launch) {
    return (int) (launch >>> PID_SHIFT) & 0xfffff;
  }

  /**
   * F: no flush of the accesses in flight afterwards. Linux 4.12 launches so page by page and
   * flushes at the end, by launches of PID 0 without it.
   */
  public static boolean noFlush(long launch) {
    return (launch >>> NO_FLUSH_SHIFT & 1) != 0;
  }

  /** log2 of the page size in AP; 0 for an encoding that radix does not have. */
  public static int pageShift(long launch) {
    return switch ((int) (launch >>> AP_SHIFT) & 7) {
      case 0 -> 12;
      case 1 -> 21;
      case 2 -> 30;
      case 5 -> 16;
      default -> 0;
    };
  }
}
