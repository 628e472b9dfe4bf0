package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.BIG_ENDIAN;

/**
 * An ATSD register set at a guest-physical address (Linux
 * arch/powerpc/platforms/powernv/npu-dma.c).
 */
record Atsd(GuestMachine machine, long gpa) {
  private static final int LAUNCH = 0x00;
  private static final int AVA = 0x08;
  private static final int STAT = 0x10;

  private static final long IS_PID = 1L << 51;
  private static final long PRS = 1L << 50;
  private static final int AP_SHIFT = 46;
  private static final int PID_SHIFT = 25;

  /** No time-out is defined; a register that is busy this long is stuck. */
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  /** Page sizes with an encoding (ibm,processor-radix-AP-encodings). */
  enum PageSize {
    SIZE_64K(5, 16),
    SIZE_2M(1, 21),
    SIZE_1G(2, 30);

    private final long encoding;
    private final int shift;

    PageSize(long encoding, int shift) {
      this.encoding = encoding;
      this.shift = shift;
    }

    int shift() {
      return shift;
    }
  }

  /** Drops everything of a process; true when the register said it was done. */
  boolean invalidateProcess(int pid) {
    machine.store(gpa + LAUNCH, 8, IS_PID | PRS | (long) pid << PID_SHIFT, BIG_ENDIAN);
    return await();
  }

  /** Drops the page at an address; true when the register said it was done. */
  boolean invalidatePage(int pid, long address, PageSize size) {
    machine.store(gpa + AVA, 8, address & -(1L << size.shift), BIG_ENDIAN);
    machine.store(
        gpa + LAUNCH, 8, PRS | size.encoding << AP_SHIFT | (long) pid << PID_SHIFT, BIG_ENDIAN);
    return await();
  }

  /** Whether STAT says that no launch is under way. */
  boolean isIdle() {
    return machine.load(gpa + STAT, 8, BIG_ENDIAN) == 0;
  }

  private boolean await() {
    long start = machine.nanoTime();
    while (!isIdle()) {
      if (machine.nanoTime() - start > PATIENCE_NANOS) {
        return false;
      }
    }
    return true;
  }
}
