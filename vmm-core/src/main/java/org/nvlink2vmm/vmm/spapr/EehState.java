package org.nvlink2vmm.vmm.spapr;

import java.util.Optional;
import java.util.function.Consumer;
import org.nvlink2vmm.vmm.device.HostBridgeReset;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;

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
  private Optional<Consumer<HostBridgeReset>> host = Optional.empty();

  EehState(SpaprPhb phb) {
    this.phb = phb;
  }

  /** The devices are functions of a host, which resets their endpoint as a whole. */
  void resetThrough(Consumer<HostBridgeReset> reset) {
    host = Optional.of(reset);
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

  /** Begins or ends a reset; the status of ibm,set-slot-reset. */
  int reset(int kind) {
    switch (kind) {
      case DEACTIVATE -> state = WORKS;
      case HOT -> {
        return begin(HostBridgeReset.HOT);
      }
      case FUNDAMENTAL -> {
        return begin(HostBridgeReset.FUNDAMENTAL);
      }
      default -> {
        return Rtas.PARAMETER_ERROR;
      }
    }
    return Rtas.SUCCESS;
  }

  private int begin(HostBridgeReset kind) {
    try {
      host.ifPresentOrElse(
          reset -> reset.accept(kind),
          () -> phb.devices().forEach(device -> reset(device.device())));
    } catch (VfioException _) {
      return Rtas.HARDWARE_ERROR;
    }
    state = IN_RESET;
    return Rtas.SUCCESS;
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
