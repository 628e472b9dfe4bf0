package org.nvlink2vmm.npu2.link;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.nvlink2vmm.vmm.vfio.state.DeviceClock;
import org.nvlink2vmm.vmm.vfio.state.StateException;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * The hardware of one link: PHY lanes, data link (DL), transaction layer (NTL) with its fence and
 * credits. The procedures drive it; registers show it.
 *
 * <p>It carries data when its lanes are reset, calibrated and trained, the NTL was reset, and it is
 * not fenced. Every state is one word; the procedures of one link change it under their lock,
 * everyone else only reads.
 */
public final class Brick {
  /** Offsets of the receive credits in the NTL-U block, in the order of {@link #RX_EXPECTED}. */
  private static final int[] RX_OFFSETS = {0x440, 0x448, 0x460, 0x468, 0x470, 0x478};

  /** What a sound link shows there after its reset: the credits both as limit and as available. */
  private static final long[] RX_EXPECTED = {
    0x0be0be0000000000L,
    0x0640640000000000L,
    0x0200200000000000L,
    0x0be0be0000000000L,
    0x1001000000000000L,
    0x1001000000000000L
  };

  private static final int[] TX_OFFSETS = {0x400, 0x410, 0x418, 0x428, 0x430, 0x438};

  private static final long[] TX_WRITTEN = {
    0x0200000000000000L,
    0x0200000000000000L,
    0x0200000000000000L,
    0x0200000000000000L,
    0x1000000000000000L,
    0x1000000000000000L
  };

  /** NTL-U offset of NTL_MISC_CFG1: IBM bits 8 and 9 request the fence. */
  static final int MISC_CFG1 = 0x0c0;

  /** NTL-U offset of CQ_FENCE_STATUS. */
  static final int FENCE_STATUS = 0x500;

  private static final long FENCE_REQUEST = 0x3L << 54;
  private static final long HALF_REQUEST = 0x1L << 55;

  private final int index;
  private final PhyBus phy;
  private final DeviceClock clock;
  private final PhyFault fault;
  private final Runnable changed;
  private final AtomicLongArray ntlu = new AtomicLongArray(0x2000);

  private final NtlErrors errors = new NtlErrors();

  private volatile FenceState fence = FenceState.FENCED;

  /** What the status register says: follows the fence once accesses do. */
  private volatile FenceState shownFence = FenceState.FENCED;

  private volatile boolean lanesReset;
  private volatile boolean lanesCalibrated;
  private volatile boolean lanesTrained;
  private volatile boolean dlReset;
  private volatile boolean everCarried;
  private volatile boolean rxCal;
  private volatile long busyUntil;
  private volatile boolean waiting;

  /**
   * @param index 0 to 5, the link index
   * @param changed called after every change that may alter {@link #carries}, with no lock held by
   *     the brick
   */
  public Brick(int index, PhyBus phy, PhyFault fault, LongSupplier nanoClock, Runnable changed) {
    this.index = index;
    this.phy = phy;
    this.fault = fault;
    this.clock = new DeviceClock(nanoClock);
    this.changed = changed;
  }

  public int index() {
    return index;
  }

  /** The link's time: what the PHY and the procedures take. */
  public DeviceClock clock() {
    return clock;
  }

  /** Stack of the link: two bricks share one. */
  public int stack() {
    return index / 2;
  }

  public int brickInStack() {
    return index % 2;
  }

  public FenceState fence() {
    return fence;
  }

  /** The fence as the status registers show it; see {@link #FENCE_STATUS}. */
  public FenceState shownFence() {
    return shownFence;
  }

  /** Flag bit 1 of the vendor capability: the DL is out of reset. */
  public boolean dlOutOfReset() {
    return dlReset;
  }

  /** Whether loads, stores and translation requests pass. One link's worth of a hot path. */
  public boolean carries() {
    return fence == FenceState.RUNNING
        && dlReset
        && lanesTrained
        && lanesCalibrated
        && phy.calibrated();
  }

  /** Whether it carried data at any time since power-on. */
  public boolean everCarried() {
    return everCarried;
  }

  /** Whether the transmitter sends the pattern that lets the GPU calibrate its receiver. */
  public boolean transmitsRxCal() {
    return rxCal;
  }

  // What the procedures do. Durations are this model's; a driver has to poll anyway.

  /** Powers the clocks and stops the lanes; the link's training is lost. */
  public void stopLanes() {
    lanesReset = false;
    lanesCalibrated = false;
    lanesTrained = false;
    settle(2_000);
    changed.run();
  }

  public boolean lanesIdle() {
    return settled() && fault != PhyFault.LANE_BUSY;
  }

  public void releaseLanes() {
    lanesReset = true;
  }

  public boolean impedanceCalibrated() {
    return phy.calibrated();
  }

  public void startImpedanceCalibration() {
    settle(5_000);
  }

  public boolean impedanceError() {
    return fault == PhyFault.ZCAL_ERROR;
  }

  public boolean impedanceDone() {
    return settled() && fault != PhyFault.ZCAL_STUCK;
  }

  public void applyImpedance() {
    phy.calibrate();
    changed.run();
  }

  public void startDcCalibration() {
    settle(5_000);
  }

  public boolean dcCalibrationDone() {
    return lanesReset && settled() && fault != PhyFault.DCCAL_STUCK;
  }

  public void finishDcCalibration() {
    lanesCalibrated = true;
  }

  public void transmitRxCal(boolean on) {
    rxCal = on;
  }

  public void startReceiverTraining() {
    settle(10_000);
  }

  /** Receivers find the signal only on calibrated lanes. */
  public boolean receiverTrained() {
    return lanesCalibrated && settled() && fault != PhyFault.TRAINING_STUCK;
  }

  public void finishReceiverTraining() {
    lanesTrained = true;
    changed.run();
  }

  /**
   * NTL reset: requests the fence. The flag of the vendor capability falls, the NTL's errors go.
   */
  public void fenceOff() {
    dlReset = false;
    errors.reset();
    fenceByError();
  }

  /** The fence that an error causes: as a reset's, with the errors kept. */
  public void fenceByError() {
    ntlu.set(MISC_CFG1 >>> 3, FENCE_REQUEST);
    moveFence(FenceState.FENCED);
  }

  /** The registers of the NTL that tell of errors. */
  public NtlErrors errors() {
    return errors;
  }

  /** NTL reset, later: half a fence, so that registers can be programmed. */
  public void halfFence() {
    ntlu.set(MISC_CFG1 >>> 3, HALF_REQUEST);
    moveFence(FenceState.HALF);
  }

  /** Programs transmit and receive credits. */
  public void programCredits() {
    for (int i = 0; i < TX_OFFSETS.length; i++) {
      ntlu.set(TX_OFFSETS[i] >>> 3, TX_WRITTEN[i]);
    }
    for (int i = 0; i < RX_OFFSETS.length; i++) {
      ntlu.set(RX_OFFSETS[i] >>> 3, RX_EXPECTED[i]);
    }
  }

  public void releaseDl() {
    dlReset = true;
    changed.run();
  }

  /**
   * Compares the receive credits with what a sound link shows.
   *
   * @return NTL-U offset of the first that differs, -1 for none
   */
  public int wrongCredit() {
    for (int i = 0; i < RX_OFFSETS.length; i++) {
      if (ntlu.get(RX_OFFSETS[i] >>> 3) != RX_EXPECTED[i]) {
        return RX_OFFSETS[i];
      }
    }
    return -1;
  }

  public void unfence() {
    ntlu.set(MISC_CFG1 >>> 3, 0);
    moveFence(FenceState.RUNNING);
  }

  /**
   * Moves the fence. The register follows when whoever watches the link has heard of it, so that
   * nobody who reads it as fenced gets an access through.
   */
  private void moveFence(FenceState next) {
    fence = next;
    changed.run();
    FenceState now;
    do {
      now = fence;
      shownFence = now;
    } while (now != fence);
  }

  /** Notes that the link carries data now; see {@link #everCarried}. */
  public void noteCarrying() {
    everCarried = true;
  }

  /** A 64-bit register of the NTL-U block; {@code offset} a multiple of 8 below 0x10000. */
  public long readNtlu(int offset) {
    return offset == FENCE_STATUS ? (long) shownFence.bits() << 62 : ntlu.get(offset >>> 3);
  }

  /** Stores a register of the NTL-U block; the fence status is read-only, MISC_CFG1 moves it. */
  public void writeNtlu(int offset, long value) {
    if (offset == FENCE_STATUS) {
      return;
    }
    ntlu.set(offset >>> 3, value);
    if (offset == MISC_CFG1) {
      int request = (int) (value >>> 54) & 3;
      moveFence(
          request == 3 ? FenceState.FENCED : request == 0 ? FenceState.RUNNING : FenceState.HALF);
    }
  }

  /** All of the link as a part of a bridge's state. */
  public StateRecord state() {
    return new Kept();
  }

  /** Powers the link off and on; the transmitters' impedance stays, other links have it too. */
  public void clear() {
    stopLanes();
    waiting = false;
    rxCal = false;
    everCarried = false;
    for (int i = 0; i < ntlu.length(); i++) {
      ntlu.set(i, 0);
    }
    fenceOff();
    ntlu.set(MISC_CFG1 >>> 3, 0);
  }

  /**
   * The PHY's calibration is shared by three links: a calibrated link makes it calibrated, one that
   * is not leaves it.
   */
  private final class Kept implements StateRecord {
    private static final int ALL = 0xff;

    @Override
    public String name() {
      return "brick";
    }

    @Override
    public int size() {
      return Long.BYTES * (2 + ntlu.length());
    }

    @Override
    public void save(ByteBuffer target) {
      boolean[] bits = {
        lanesReset,
        lanesCalibrated,
        lanesTrained,
        dlReset,
        everCarried,
        rxCal,
        waiting,
        phy.calibrated()
      };
      int flags = 0;
      for (int i = 0; i < bits.length; i++) {
        flags |= bits[i] ? 1 << i : 0;
      }
      target.putInt(fence.bits()).putInt(flags).putLong(waiting ? busyUntil : 0);
      for (int i = 0; i < ntlu.length(); i++) {
        target.putLong(ntlu.get(i));
      }
    }

    @Override
    public void check(ByteBuffer source) throws StateException {
      int bits = source.getInt(0);
      if (FenceState.of(bits).isEmpty() || (source.getInt(4) & ~ALL) != 0) {
        throw new StateException(
            "link with fence 0x%x and flags 0x%x".formatted(bits, source.getInt(4)));
      }
    }

    @Override
    public void restore(ByteBuffer source) {
      FenceState next = FenceState.of(source.getInt()).orElseThrow();
      int flags = source.getInt();
      busyUntil = source.getLong();
      lanesReset = (flags & 1) != 0;
      lanesCalibrated = (flags & 2) != 0;
      lanesTrained = (flags & 4) != 0;
      dlReset = (flags & 8) != 0;
      everCarried = (flags & 0x10) != 0;
      rxCal = (flags & 0x20) != 0;
      waiting = (flags & 0x40) != 0;
      if ((flags & 0x80) != 0) {
        phy.calibrate();
      }
      for (int i = 0; i < ntlu.length(); i++) {
        ntlu.set(i, source.getLong());
      }
      moveFence(next);
    }
  }

  private void settle(long nanos) {
    busyUntil = clock.getAsLong() + nanos;
    waiting = true;
  }

  private boolean settled() {
    return !waiting || clock.getAsLong() - busyUntil >= 0;
  }
}
