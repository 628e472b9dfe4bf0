package org.nvlink2vmm.npu2.link;

/**
 * One of an NPU's two PHYs, which drives three links (skiboot hw/npu2-hw-procedures.c: links 0..2
 * and 3..5). The impedance of its transmitters is calibrated once for all three.
 */
public final class PhyBus {
  private volatile boolean calibrated;

  /** Whether the transmitters are calibrated. */
  public boolean calibrated() {
    return calibrated;
  }

  void calibrate() {
    calibrated = true;
  }
}
