package org.nvlink2vmm.dt.powernv;

import java.util.Optional;
import java.util.OptionalInt;
import org.nvlink2vmm.dt.tree.Node;

/** A PCI function of the host: its node, and its address in the host's Linux. */
public sealed interface HostPciFunction permits HostGpu, HostBridge, HostOtherFunction {
  /** {@code PCI_VENDOR_ID_NVIDIA}, include/linux/pci_ids.h. */
  int VENDOR_NVIDIA = 0x10de;

  /** {@code PCI_VENDOR_ID_IBM}, include/linux/pci_ids.h. */
  int VENDOR_IBM = 0x1014;

  /** Device id of an NPU2 NVLink bridge, skiboot hw/npu2.c. */
  int DEVICE_NPU2_BRIDGE = 0x04ea;

  PowernvTree host();

  Node node();

  HostBdf bdf();

  default OptionalInt vendorId() {
    return node().u32("vendor-id");
  }

  default OptionalInt deviceId() {
    return node().u32("device-id");
  }

  /** The 24-bit class: base class, subclass, programming interface. */
  default OptionalInt classCode() {
    return node().u32("class-code");
  }

  default OptionalInt revisionId() {
    return node().u32("revision-id");
  }

  /** The function's own {@code ibm,loc-code}. */
  default Optional<String> locCode() {
    return node().string("ibm,loc-code");
  }
}
