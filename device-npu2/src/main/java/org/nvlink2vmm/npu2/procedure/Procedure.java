package org.nvlink2vmm.npu2.procedure;

import org.nvlink2vmm.npu2.link.Brick;

/**
 * The training procedures of an NVLink2 brick, by number (skiboot hw/npu2-hw-procedures.c). Each is
 * a row of steps; a step ends with {@link #NEXT}, {@link #BUSY} to be called again, or a final
 * status.
 */
enum Procedure {
  STOP(0, 1) {
    @Override
    int run(Brick brick, int step) {
      return COMPLETE | ABORTED;
    }
  },
  NOP(1, 1),
  PHY_RESET(4, 3) {
    @Override
    int run(Brick brick, int step) {
      switch (step) {
        case 0 -> brick.stopLanes();
        case 1 -> {
          if (!brick.lanesIdle()) {
            return BUSY;
          }
        }
        default -> {
          brick.releaseLanes();
          return COMPLETE;
        }
      }
      return NEXT;
    }
  },
  PHY_TX_ZCAL(5, 3) {
    @Override
    int run(Brick brick, int step) {
      switch (step) {
        case 0 -> {
          if (brick.impedanceCalibrated()) {
            return COMPLETE;
          }
          brick.startImpedanceCalibration();
        }
        case 1 -> {
          if (brick.impedanceError()) {
            return COMPLETE | FAILED;
          }
          if (!brick.impedanceDone()) {
            return BUSY;
          }
        }
        default -> {
          brick.applyImpedance();
          return COMPLETE;
        }
      }
      return NEXT;
    }
  },
  PHY_RX_DCCAL(6, 4) {
    @Override
    int run(Brick brick, int step) {
      switch (step) {
        case 0 -> brick.startDcCalibration();
        case 1 -> {
          if (!brick.dcCalibrationDone()) {
            return BUSY;
          }
        }
        case 2 -> {}
        default -> {
          brick.finishDcCalibration();
          return COMPLETE;
        }
      }
      return NEXT;
    }
  },
  PHY_ENABLE_TX_RXCAL(7, 1) {
    @Override
    int run(Brick brick, int step) {
      brick.transmitRxCal(true);
      return COMPLETE;
    }
  },
  PHY_DISABLE_TX_RXCAL(8, 1) {
    @Override
    int run(Brick brick, int step) {
      brick.transmitRxCal(false);
      return COMPLETE;
    }
  },
  PHY_RX_TRAINING(9, 2) {
    @Override
    int run(Brick brick, int step) {
      if (step == 0) {
        brick.startReceiverTraining();
        return NEXT;
      }
      if (!brick.receiverTrained()) {
        return BUSY;
      }
      brick.finishReceiverTraining();
      return COMPLETE;
    }
  },
  RESET_NTL(10, 4) {
    @Override
    int run(Brick brick, int step) {
      switch (step) {
        case 0 -> brick.fenceOff();
        case 1 -> brick.halfFence();
        case 2 -> brick.programCredits();
        default -> {
          brick.releaseDl();
          return COMPLETE;
        }
      }
      return NEXT;
    }
  },
  PRE_TERMINATE(11, 1),
  TERMINATE(12, 1),
  CHECK_CREDITS(13, 1) {
    @Override
    int run(Brick brick, int step) {
      brick.unfence();
      return COMPLETE;
    }
  };

  /** Status bit 31: in progress. */
  static final int BUSY = 1 << 31;

  /** Status bit 30: complete. */
  static final int COMPLETE = 1 << 30;

  /** Internal: go on with the next step. */
  static final int NEXT = 1 << 29;

  static final int FAILED = 2;
  static final int ABORTED = 3;
  static final int UNSUPPORTED = 4;

  /** The bits that a driver sees. */
  static final int VISIBLE = 0xc000000f;

  private static final Procedure[] BY_NUMBER = new Procedure[14];

  static {
    for (Procedure procedure : values()) {
      BY_NUMBER[procedure.number] = procedure;
    }
  }

  private final int number;
  private final int steps;

  Procedure(int number, int steps) {
    this.number = number;
    this.steps = steps;
  }

  int number() {
    return number;
  }

  int steps() {
    return steps;
  }

  /** Runs a step, 0 to {@link #steps} - 1. */
  int run(Brick brick, int step) {
    return COMPLETE;
  }

  static boolean isSupported(int number) {
    return Integer.compareUnsigned(number, BY_NUMBER.length) < 0 && BY_NUMBER[number] != null;
  }

  static Procedure of(int number) {
    return BY_NUMBER[number];
  }
}
