package org.nvlink2vmm.dt.spapr;

/**
 * What a PCI node tells of the configuration header, each value as an unsigned number of its width.
 *
 * @param vendor 16 bits at 0x00
 * @param device 16 bits at 0x02
 * @param status 16 bits at 0x06
 * @param revision 8 bits at 0x08
 * @param classCode 24 bits at 0x09: base class, sub-class, interface
 * @param cacheLineSize 8 bits at 0x0c
 * @param headerType 8 bits at 0x0e
 * @param subsystemVendor 16 bits at 0x2c, 0 for a bridge
 * @param subsystem 16 bits at 0x2e, 0 for a bridge
 * @param interruptPin 8 bits at 0x3d, 0 for none, 1 for INTA
 * @param minGrant 8 bits at 0x3e
 * @param maxLatency 8 bits at 0x3f
 */
public record PciConfigFacts(
    int vendor,
    int device,
    int status,
    int revision,
    int classCode,
    int cacheLineSize,
    int headerType,
    int subsystemVendor,
    int subsystem,
    int interruptPin,
    int minGrant,
    int maxLatency) {

  /** Header type 1, bit 7 (multi-function) aside. */
  static final int BRIDGE_HEADER = 1;

  public PciConfigFacts {
    check("vendor id", vendor, 16);
    check("device id", device, 16);
    check("status", status, 16);
    check("revision", revision, 8);
    check("class code", classCode, 24);
    check("cache line size", cacheLineSize, 8);
    check("header type", headerType, 8);
    check("subsystem vendor id", subsystemVendor, 16);
    check("subsystem id", subsystem, 16);
    check("interrupt pin", interruptPin, 8);
    check("minimum grant", minGrant, 8);
    check("maximum latency", maxLatency, 8);
  }

  private static void check(String what, int value, int bits) {
    if (value >>> bits != 0) {
      throw new IllegalArgumentException(
          what + " " + Text.hex(value) + " has over " + bits + " bits");
    }
  }

  /** The facts of a function of which only identity and class matter; the rest is 0. */
  public static PciConfigFacts of(int vendor, int device, int revision, int classCode) {
    return new PciConfigFacts(vendor, device, 0, revision, classCode, 0, 0, 0, 0, 0, 0, 0);
  }

  public PciConfigFacts withHeaderType(int type) {
    return new PciConfigFacts(
        vendor,
        device,
        status,
        revision,
        classCode,
        cacheLineSize,
        type,
        subsystemVendor,
        subsystem,
        interruptPin,
        minGrant,
        maxLatency);
  }

  public PciConfigFacts withStatus(int bits) {
    return new PciConfigFacts(
        vendor,
        device,
        bits,
        revision,
        classCode,
        cacheLineSize,
        headerType,
        subsystemVendor,
        subsystem,
        interruptPin,
        minGrant,
        maxLatency);
  }

  public PciConfigFacts withSubsystem(int subVendor, int sub) {
    return new PciConfigFacts(
        vendor,
        device,
        status,
        revision,
        classCode,
        cacheLineSize,
        headerType,
        subVendor,
        sub,
        interruptPin,
        minGrant,
        maxLatency);
  }

  public PciConfigFacts withInterruptPin(int pin) {
    return new PciConfigFacts(
        vendor,
        device,
        status,
        revision,
        classCode,
        cacheLineSize,
        headerType,
        subsystemVendor,
        subsystem,
        pin,
        minGrant,
        maxLatency);
  }

  /** Whether the header is a PCI-PCI bridge's. */
  public boolean isBridge() {
    return (headerType & 0x7f) == BRIDGE_HEADER;
  }
}
