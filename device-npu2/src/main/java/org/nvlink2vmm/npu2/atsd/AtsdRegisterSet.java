package org.nvlink2vmm.npu2.atsd;

import java.nio.ByteBuffer;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.vfio.state.StateException;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * One of an NPU's eight ATSD register sets: LAUNCH at 0, AVA at 8, STAT at 0x10 of its 64 KiB page;
 * the rest of the page reads 0. Big-endian, 64 bits; as two words of 32 bits the low word of LAUNCH
 * launches.
 *
 * <p>The launch runs on the writing thread; others see STAT busy meanwhile.
 */
public final class AtsdRegisterSet {
  /** Bytes of the page. */
  public static final long PAGE_SIZE = 0x10000;

  private static final int LAUNCH = 0x00;
  private static final int AVA = 0x08;
  private static final int STAT = 0x10;

  /** AVA keeps address bits down to 4 KiB. */
  private static final long AVA_MASK = ~0xfffL;

  private static final long BUSY = 1L << 63;

  /** Carries a launch out. */
  public interface Engine {
    /**
     * Sends a shootdown to the GPUs it concerns.
     *
     * @return false when it does not end, since a link that it must take was never trained
     */
    boolean run(int register, long launch, long ava);
  }

  private final int number;
  private final Engine engine;
  private final MistakeLog mistakes;
  private final Object lock = new Object();

  private volatile long ava;
  private volatile long launch;
  private volatile long stat;
  private boolean avaFresh;
  private boolean seenDone = true;
  private boolean stuck;

  public AtsdRegisterSet(int number, Engine engine, MistakeLog mistakes) {
    this.number = number;
    this.engine = engine;
    this.mistakes = mistakes;
  }

  /** Reads; {@code size} 4 or 8 and {@code offset} aligned to it. */
  public long read(long offset, int size) {
    long word =
        switch ((int) (offset & ~7)) {
          case LAUNCH -> launch;
          case AVA -> ava;
          case STAT -> status();
          default -> 0;
        };
    return size == 8 ? word : word >>> ((offset & 4) == 0 ? 32 : 0) & 0xffff_ffffL;
  }

  /** Writes; {@code size} 4 or 8 and {@code offset} aligned to it. */
  public void write(long offset, int size, long value) {
    int register = (int) Math.min(offset & ~7L, Integer.MAX_VALUE);
    if (register == AVA) {
      synchronized (lock) {
        ava = merge(ava, offset, size, value) & AVA_MASK;
        avaFresh = true;
      }
    } else if (register == LAUNCH) {
      boolean whole = size == 8 || (offset & 4) != 0;
      long wanted = merge(launch, offset, size, value);
      if (!whole) {
        launch = wanted;
      } else if (begin(wanted)) {
        run();
      }
    }
  }

  private static long merge(long old, long offset, int size, long value) {
    if (size == 8) {
      return value;
    }
    return (offset & 4) == 0
        ? (old & 0xffff_ffffL) | value << 32
        : (old & 0xffff_ffff_0000_0000L) | (value & 0xffff_ffffL);
  }

  private long status() {
    long now = stat;
    if (now == 0 && !seenDone) {
      synchronized (lock) {
        seenDone |= stat == 0;
      }
    }
    return now;
  }

  private boolean begin(long wanted) {
    synchronized (lock) {
      if (stat != 0) {
        note(Mistake.LAUNCH_WHILE_BUSY, wanted);
        return false;
      }
      if (!seenDone) {
        note(Mistake.NO_POLL, wanted);
      }
      if (AtsdLaunch.scope(wanted) == InvalidationScope.ADDRESS) {
        if (!avaFresh) {
          note(Mistake.NO_FRESH_AVA, wanted);
        }
        avaFresh = false;
      }
      seenDone = false;
      stat = BUSY;
      // Last: a thread that reads the new LAUNCH must not read the old STAT after it.
      launch = wanted;
      return true;
    }
  }

  private void note(Mistake mistake, long wanted) {
    mistakes.add(mistake, number, AtsdLaunch.pid(wanted), ava);
  }

  private void run() {
    boolean done = engine.run(number, launch, ava);
    synchronized (lock) {
      stuck = !done;
      if (done) {
        stat = 0;
      }
    }
  }

  /** Runs a launch again that waits for a link, now that one came up. */
  public void retry() {
    synchronized (lock) {
      if (!stuck) {
        return;
      }
      stuck = false;
    }
    run();
  }

  /** As after power-on. */
  public void clear() {
    synchronized (lock) {
      ava = 0;
      launch = 0;
      stat = 0;
      avaFresh = false;
      seenDone = true;
      stuck = false;
    }
  }

  /**
   * The registers as a part of a bridge's state. A launch that has not ended waits for a link, and
   * runs when one comes up where it is restored.
   */
  public StateRecord state() {
    return new Kept();
  }

  private final class Kept implements StateRecord {
    private static final int FRESH = 1;
    private static final int SEEN = 2;
    private static final int STUCK = 4;

    @Override
    public String name() {
      return "atsd";
    }

    @Override
    public int size() {
      return 3 * Long.BYTES;
    }

    @Override
    public void save(ByteBuffer target) {
      synchronized (lock) {
        int flags = (avaFresh ? FRESH : 0) | (seenDone ? SEEN : 0) | (stat != 0 ? STUCK : 0);
        target.putLong(launch).putLong(ava).putLong(flags);
      }
    }

    @Override
    public void check(ByteBuffer source) throws StateException {
      long flags = source.getLong(16);
      if ((flags & ~(FRESH | SEEN | STUCK)) != 0
          || (flags & (SEEN | STUCK)) == (SEEN | STUCK)
          || (source.getLong(8) & ~AVA_MASK) != 0) {
        throw new StateException(
            "ATSD with flags 0x%x and AVA 0x%x".formatted(flags, source.getLong(8)));
      }
    }

    @Override
    public void restore(ByteBuffer source) {
      synchronized (lock) {
        launch = source.getLong();
        ava = source.getLong();
        long flags = source.getLong();
        avaFresh = (flags & FRESH) != 0;
        seenDone = (flags & SEEN) != 0;
        stuck = (flags & STUCK) != 0;
        stat = stuck ? BUSY : 0;
      }
    }
  }
}
