package org.nvlink2vmm.vmm.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostPciFunction;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.vmm.device.HostBridgeReset;
import org.nvlink2vmm.vmm.device.HostHardware;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.VfioException;

/** The resets that concern more than one function. Callers hold the host's lock. */
final class HostResets {
  private final PowernvTree tree;
  private final List<HostHardware> hardware;
  private final Function<HostBdf, Optional<OpenFunction>> open;

  /**
   * @param open the function at an address, while it is open
   */
  HostResets(
      PowernvTree tree,
      List<HostHardware> hardware,
      Function<HostBdf, Optional<OpenFunction>> open) {
    this.tree = tree;
    this.hardware = hardware;
    this.open = open;
  }

  /** VFIO_DEVICE_PCI_HOT_RESET (Linux drivers/vfio/pci/vfio_pci.c). */
  void hot(HostBdf address) {
    if (open.apply(address).isEmpty()) {
      throw new VfioException(Errno.ENODEV, address + " is not open");
    }
    if (address.bus() == 0) {
      throw new VfioException(Errno.ENODEV, address + " is on a root bus, which cannot be reset");
    }
    List<OpenFunction> affected = new ArrayList<>();
    for (HostPciFunction function : tree.functions()) {
      HostBdf other = function.bdf();
      if (other.domain() == address.domain() && other.bus() == address.bus()) {
        affected.add(
            open.apply(other)
                .orElseThrow(
                    () ->
                        new VfioException(
                            Errno.EINVAL,
                            "%s: %s is on its bus and not open".formatted(address, other))));
      }
    }
    affected.forEach(OpenFunction::hotReset);
  }

  /** VFIO_EEH_PE_RESET_HOT and _FUNDAMENTAL (Linux drivers/vfio/vfio_spapr_eeh.c). */
  void pe(HostBdf member, Optional<IommuGroup> group, HostBridgeReset reset) {
    if (group.isEmpty() || group.get().gpus().isEmpty()) {
      throw new VfioException(Errno.ENODEV, member + ": its group has no PE");
    }
    group.get().gpus().forEach(gpu -> open.apply(gpu).ifPresent(OpenFunction::hotReset));
    for (HostBdf function : group.get().members()) {
      if (hardware.stream().anyMatch(one -> one.resetHostBridge(function, reset))) {
        return;
      }
    }
  }
}
