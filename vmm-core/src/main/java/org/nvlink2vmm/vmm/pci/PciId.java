package org.nvlink2vmm.vmm.pci;

import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * What a function says it is, from its config header.
 *
 * @param classCode class, subclass and programming interface, 24 bits
 */
public record PciId(
    int vendor, int device, int subsystemVendor, int subsystem, int classCode, int revision) {

  /** Reads them; the subsystem's are 0 for a bridge, whose header has none there. */
  public static PciId of(MmioHandler config) {
    int type = (int) config.read(PciRegs.HEADER_TYPE, 1) & ~PciRegs.HEADER_MULTI_FUNCTION;
    boolean normal = type == PciRegs.HEADER_TYPE_NORMAL;
    return new PciId(
        (int) config.read(PciRegs.VENDOR_ID, 2),
        (int) config.read(PciRegs.DEVICE_ID, 2),
        normal ? (int) config.read(PciRegs.SUBSYSTEM_VENDOR_ID, 2) : 0,
        normal ? (int) config.read(PciRegs.SUBSYSTEM_ID, 2) : 0,
        (int) config.read(PciRegs.REVISION_ID, 4) >>> 8,
        (int) config.read(PciRegs.REVISION_ID, 1));
  }

  /** Declares them, read-only; the subsystem's only when not 0. */
  public void declareIn(ConfigSpace config) {
    config
        .set16(PciRegs.VENDOR_ID, vendor, 0, 0)
        .set16(PciRegs.DEVICE_ID, device, 0, 0)
        .set32(PciRegs.REVISION_ID, classCode << 8 | revision, 0, 0);
    if (subsystemVendor != 0) {
      config
          .set16(PciRegs.SUBSYSTEM_VENDOR_ID, subsystemVendor, 0, 0)
          .set16(PciRegs.SUBSYSTEM_ID, subsystem, 0, 0);
    }
  }

  @Override
  public String toString() {
    return "%04x:%04x".formatted(vendor, device);
  }
}
