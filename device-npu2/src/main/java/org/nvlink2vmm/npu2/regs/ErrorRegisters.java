package org.nvlink2vmm.npu2.regs;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.nvlink2vmm.npu2.link.Brick;
import org.nvlink2vmm.npu2.link.FenceState;
import org.nvlink2vmm.vmm.ats.NpuErrors;

/**
 * The error state of an NPU as host firmware reads it: the MISC block's report, freeze and fence
 * state and PE states, the fences in each stack's CTL block, and which PE a link's errors go to
 * (skiboot include/npu2-regs.h; hw/npu2.c, npu2_set_pe and npu2_eeh_next_error). The links' own
 * error registers are {@link Brick#errors}.
 *
 * <p>The header gives names and places. Which bit stands for what is said there of the PE maps and
 * the CTL fences only; elsewhere it is this model's: IBM bit n of a MISC register is link n.
 *
 * <p>Every register is one word; raising an error allocates nothing and takes no lock.
 */
public final class ErrorRegisters implements NpuErrors {
  /** What an error was about: its bit in NTL_ERR_HOLD1. */
  public enum Cause {
    /** An access to GPU memory over links that do not carry. */
    NO_LINK(1L << 63),
    /** An access above the memory that the GPU has. */
    NO_MEMORY(1L << 62);

    private final long bit;

    Cause(long bit) {
      this.bit = bit;
    }

    public long bit() {
      return bit;
    }
  }

  /** PE states there is room for. */
  public static final int PES = 16;

  /** PEST B, IBM bit 0: the PE has an error. The address that was accessed lies below. */
  public static final long PE_STOPPED = 1L << 63;

  private static final long ADDRESS = (1L << 56) - 1;

  private static final int ERR_RPT_HOLD = 0x020;
  private static final int FREEZE_ENABLE0 = 0x040;
  private static final int FENCE_ENABLE0 = 0x050;
  private static final int FREEZE_STATE = 0x0a8;
  private static final int FENCE_STATE = 0x0b0;
  private static final int BRICK_PE_MAP = 0x100;
  private static final int PEST_B = 0x200;

  private static final int PE_MAPS_PER_BRICK = 3;
  private static final long PE_MAP_ENABLE = 1L << 63;
  private static final int PE_MAP_PE_SHIFT = 56;
  private static final int PE_MAP_BDF_SHIFT = 40;

  private static final int CTL_PE_MAP = 0x050;
  private static final int CTL_STATUS = 0x090;

  private final List<Brick> bricks;
  private final int peCount;
  private final AtomicLong reported = new AtomicLong();
  private final AtomicLongArray peStates = new AtomicLongArray(PES);

  /** Three a link; those of the MISC block route errors, those of CTL transactions. */
  private final AtomicLongArray errorPes;

  private final AtomicLongArray trafficPes;
  private volatile long freezeEnable;
  private volatile long fenceEnable;

  /**
   * @param peCount PEs of the host bridge, at most {@link #PES}; the last is reserved
   */
  public ErrorRegisters(List<Brick> bricks, int peCount) {
    this.bricks = List.copyOf(bricks);
    this.peCount = peCount;
    errorPes = new AtomicLongArray(bricks.size() * PE_MAPS_PER_BRICK);
    trafficPes = new AtomicLongArray(errorPes.length());
    for (Brick brick : bricks) {
      freezeEnable |= bit(brick);
      mapPe(brick.index(), peCount - 1, brick.index());
    }
  }

  private static long bit(Brick brick) {
    return 1L << (63 - brick.index());
  }

  /**
   * OPAL_PCI_SET_PE (31) of a bridge, as the host kernel calls it at boot.
   *
   * @param bdfn the GPU's, not the bridge's
   */
  public void mapPe(int link, int pe, int bdfn) {
    long word = PE_MAP_ENABLE | (long) pe << PE_MAP_PE_SHIFT | (long) bdfn << PE_MAP_BDF_SHIFT;
    errorPes.set(link * PE_MAPS_PER_BRICK, word);
    trafficPes.set(link * PE_MAPS_PER_BRICK, word);
  }

  /**
   * A link met an error: it is held at the link, reported, and charged to the link's PE. The link
   * is frozen if FREEZE_ENABLE0 has it, as after power-on, and fenced if FENCE_ENABLE0 has it.
   *
   * @param hpa host-physical address of the access
   */
  public void raise(Brick brick, Cause cause, long hpa) {
    brick.errors().hold(cause.bit());
    long held;
    do {
      held = reported.get();
    } while (!reported.compareAndSet(held, held | bit(brick)));
    for (int i = 0; i < PE_MAPS_PER_BRICK; i++) {
      long map = errorPes.get(brick.index() * PE_MAPS_PER_BRICK + i);
      if ((map & PE_MAP_ENABLE) != 0) {
        peStates.compareAndSet(
            (int) (map >>> PE_MAP_PE_SHIFT) & PES - 1, 0, PE_STOPPED | (hpa & ADDRESS));
      }
    }
    if ((freezeEnable & bit(brick)) != 0) {
      brick.errors().freeze();
    }
    if ((fenceEnable & bit(brick)) != 0 && brick.fence() != FenceState.FENCED) {
      brick.fenceByError();
    }
  }

  @Override
  public int peCount() {
    return peCount;
  }

  @Override
  public int freezeStatus(int pe) {
    return NOT_FROZEN;
  }

  @Override
  public int nextError() {
    for (int pe = 0; pe < peCount; pe++) {
      if (peStates.get(pe) != 0) {
        return pe;
      }
    }
    return NO_ERROR;
  }

  /** Whether the MISC block has an error register there. */
  public static boolean isMisc(int register) {
    return switch (register) {
      case ERR_RPT_HOLD, FREEZE_ENABLE0, FENCE_ENABLE0, FREEZE_STATE, FENCE_STATE -> true;
      default -> isPeMap(register) || isPeState(register);
    };
  }

  private static boolean isPeMap(int register) {
    return register >= BRICK_PE_MAP && register < BRICK_PE_MAP + 6 * 8 * PE_MAPS_PER_BRICK;
  }

  private static boolean isPeState(int register) {
    return register >= PEST_B && register < PEST_B + 8 * PES;
  }

  /** Reads a register of the MISC block, 64 bits; one of {@link #isMisc}. */
  public long readMisc(int register) {
    return switch (register) {
      case ERR_RPT_HOLD -> reported.get();
      case FREEZE_ENABLE0 -> freezeEnable;
      case FENCE_ENABLE0 -> fenceEnable;
      case FREEZE_STATE -> state(false);
      case FENCE_STATE -> state(true);
      default ->
          isPeMap(register)
              ? errorPes.get((register - BRICK_PE_MAP) >>> 3)
              : peStates.get((register - PEST_B) >>> 3);
    };
  }

  private long state(boolean fences) {
    long bits = 0;
    for (Brick brick : bricks) {
      bits |=
          (fences ? brick.shownFence() == FenceState.FENCED : brick.errors().frozen())
              ? bit(brick)
              : 0;
    }
    return bits;
  }

  /**
   * Writes one: the report and PE states keep what is written, zero clears; states are read-only.
   */
  public void writeMisc(int register, long value) {
    switch (register) {
      case ERR_RPT_HOLD -> reported.set(value);
      case FREEZE_ENABLE0 -> freezeEnable = value;
      case FENCE_ENABLE0 -> fenceEnable = value;
      case FREEZE_STATE, FENCE_STATE -> {}
      default -> {
        if (isPeMap(register)) {
          errorPes.set((register - BRICK_PE_MAP) >>> 3, value);
        } else {
          peStates.set((register - PEST_B) >>> 3, value);
        }
      }
    }
  }

  /** Whether a stack's CTL block has such a register there. */
  public static boolean isControl(int register) {
    return register == CTL_STATUS
        || (register >= CTL_PE_MAP && register < CTL_PE_MAP + 2 * 8 * PE_MAPS_PER_BRICK);
  }

  /** Reads a register of a stack's CTL block: fences at IBM 48:49 and 50:51, or a PE map. */
  public long readControl(int stack, int register) {
    if (register != CTL_STATUS) {
      return trafficPes.get(controlPe(stack, register));
    }
    long first = bricks.get(2 * stack).shownFence().bits();
    long second = bricks.get(2 * stack + 1).shownFence().bits();
    return first << 14 | second << 12;
  }

  /** Writes one: the status is read-only. */
  public void writeControl(int stack, int register, long value) {
    if (register != CTL_STATUS) {
      trafficPes.set(controlPe(stack, register), value);
    }
  }

  private static int controlPe(int stack, int register) {
    return 2 * stack * PE_MAPS_PER_BRICK + ((register - CTL_PE_MAP) >>> 3);
  }
}
