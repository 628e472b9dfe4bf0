package org.nvlink2vmm.vmm.spapr;

import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/**
 * Error handling of a host bridge whose devices are one partitionable endpoint, which is what the
 * {@code eeh} option of a machine says (PAPR 7.3.11; QEMU hw/ppc/spapr_pci_vfio.c). Nothing here
 * freezes by itself: a guest finds its endpoint working until it resets it.
 */
final class EehState {
  /** ibm,set-eeh-option: off, on, loads and stores again, DMA again. */
  private static final int LAST_OPTION = 3;

  /** ibm,set-slot-reset: ends a reset. */
  private static final int DEACTIVATE = 0;

  private static final int HOT = 1;
  private static final int FUNDAMENTAL = 3;

  /** EEH_STATE of ibm,read-slot-reset-state2: works; is in reset. */
  private static final int WORKS = 0;

  private static final int IN_RESET = 1;

  private final SpaprPhb phb;
  private volatile int state = WORKS;

  EehState(SpaprPhb phb) {
    this.phb = phb;
  }

  /** Error handling is for real devices that are all in one group. */
  boolean available() {
    return phb.eeh() && !phb.devices().isEmpty();
  }

  boolean isOption(int option) {
    return option >= 0 && option <= LAST_OPTION;
  }

  int state() {
    return state;
  }

  /** Begins or ends a reset; false for a kind that does not exist. */
  boolean reset(int kind) {
    switch (kind) {
      case DEACTIVATE -> state = WORKS;
      case HOT, FUNDAMENTAL -> {
        state = IN_RESET;
        phb.devices().forEach(device -> reset(device.device()));
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void reset(VfioDevice device) {
    if ((device.info().flags() & DeviceInfo.RESET) != 0) {
      device.reset();
    }
  }

  void clear() {
    state = WORKS;
  }
}
