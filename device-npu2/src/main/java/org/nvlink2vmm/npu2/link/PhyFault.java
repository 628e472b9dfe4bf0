package org.nvlink2vmm.npu2.link;

/** What is broken in a link's PHY, for machines that are meant to fail. */
public enum PhyFault {
  NONE,
  /** Lanes never become idle: PHY reset does not end. */
  LANE_BUSY,
  /** The impedance calibration reports an error. */
  ZCAL_ERROR,
  /** The impedance calibration never reports done. */
  ZCAL_STUCK,
  /** DC calibration never reports done. */
  DCCAL_STUCK,
  /** Receiver training never reports done. */
  TRAINING_STUCK
}
