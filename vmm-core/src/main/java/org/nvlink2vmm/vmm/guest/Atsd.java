package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

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
  private static final long NO_FLUSH = 1L << 24;

  /** No time-out is defined; a register that is busy this long is stuck. */
  private static final long PATIENCE_NANOS = 2_000_000_000L;

  /** Page sizes with an encoding (ibm,processor-radix-AP-encodings). */
  enum PageSize {
    SIZE_64K(5, 16, "64 KiB"),
    SIZE_2M(1, 21, "2 MiB"),
    SIZE_1G(2, 30, "1 GiB");

    private final long encoding;
    private final int shift;
    private final String text;

    PageSize(long encoding, int shift, String text) {
      this.encoding = encoding;
      this.shift = shift;
      this.text = text;
    }

    String text() {
      return text;
    }

    int shift() {
      return shift;
    }

    /** This size and those above it. */
    List<PageSize> andLarger() {
      return Arrays.stream(values()).filter(size -> size.shift >= shift).toList();
    }

    /** The smallest naturally aligned block that holds a range; empty when there is none. */
    static Optional<PageSize> covering(long start, long end) {
      return Arrays.stream(values())
          .filter(size -> start >>> size.shift == (end - 1) >>> size.shift)
          .findFirst();
    }
  }

  /** Drops everything of a process; true when the register said it was done. */
  boolean invalidateProcess(int pid) {
    machine.store(gpa + LAUNCH, 8, IS_PID | PRS | (long) pid << PID_SHIFT, BIG_ENDIAN);
    return await();
  }

  /** Drops the block at an address; true when the register said it was done. */
  boolean invalidateBlock(int pid, long address, PageSize size) {
    return launchBlock(pid, address, size, 0);
  }

  /** As {@link #invalidateBlock}, but accesses in flight go on until the next {@link #flush}. */
  boolean invalidateBlockUnflushed(int pid, long address, PageSize size) {
    return launchBlock(pid, address, size, NO_FLUSH);
  }

  /** Ends the accesses in flight, as Linux does: two launches of PID 0. */
  boolean flush() {
    boolean once = invalidateProcess(0);
    boolean twice = invalidateProcess(0);
    return once && twice;
  }

  private boolean launchBlock(int pid, long address, PageSize size, long flags) {
    long block = PRS | size.encoding << AP_SHIFT | (long) pid << PID_SHIFT;
    machine.store(gpa + AVA, 8, address & -(1L << size.shift), BIG_ENDIAN);
    machine.store(gpa + LAUNCH, 8, block | flags, BIG_ENDIAN);
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
