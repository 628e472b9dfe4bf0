package org.nvlink2vmm.dt.spapr;

/**
 * A device on the virtual I/O bus.
 *
 * @param name node name without unit address
 * @param unitAddress its {@code reg}
 * @param deviceType {@code device_type}
 * @param compatible {@code compatible}
 * @param interrupt interrupt number, edge-triggered
 * @param nvramBytes {@code #bytes} of an NVRAM, 0 for others
 */
public record VioDevice(
    String name,
    int unitAddress,
    String deviceType,
    String compatible,
    int interrupt,
    int nvramBytes) {

  /** A console terminal, which H_PUT_TERM_CHAR addresses by its unit address. */
  public static VioDevice terminal(int unitAddress, int interrupt) {
    return new VioDevice("vty", unitAddress, "serial", "hvterm1", interrupt, 0);
  }

  public static VioDevice nvram(int unitAddress, int interrupt, int bytes) {
    return new VioDevice("nvram", unitAddress, "nvram", "qemu,spapr-nvram", interrupt, bytes);
  }

  String nodeName() {
    return name + "@" + Integer.toHexString(unitAddress);
  }
}
