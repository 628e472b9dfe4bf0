package org.nvlink2vmm.vmm.spapr;

import java.util.Optional;
import org.nvlink2vmm.dt.spapr.LocationCode;
import org.nvlink2vmm.vmm.device.NvlinkFacet;
import org.nvlink2vmm.vmm.pci.PciFunction;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/**
 * A device that is plugged into a vPHB.
 *
 * @param function what the guest sees
 * @param device what is behind it
 * @param nvlink its part in NVLink, if it has one
 */
public record VphbDevice(
    PciFunction function,
    VfioDevice device,
    Optional<NvlinkFacet> nvlink,
    LocationCode locationCode) {

  public String id() {
    return function.id();
  }
}
