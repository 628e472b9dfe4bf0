package org.nvlink2vmm.vmm.vfio;

/** What VFIO_DEVICE_GET_INFO says of a device. */
public record DeviceInfo(int flags, int numRegions, int numIrqs) {
  /** VFIO_DEVICE_FLAGS_RESET: the device can be reset. */
  public static final int RESET = 1;

  /** VFIO_DEVICE_FLAGS_PCI: the fixed indexes are those of {@link VfioPciIndex}. */
  public static final int PCI = 2;
}
