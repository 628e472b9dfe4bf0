package org.nvlink2vmm.dt.spapr;

import java.util.Map;

/** Generic node names by PCI class code (IEEE 1275 PCI binding, recommended practice names). */
final class PciClassNames {
  /** By base class: the name where no sub-class of it is known. */
  private static final Map<Integer, String> BASE =
      Map.ofEntries(
          Map.entry(0x00, "legacy-device"),
          Map.entry(0x01, "mass-storage"),
          Map.entry(0x02, "network"),
          Map.entry(0x03, "display"),
          Map.entry(0x04, "multimedia-device"),
          Map.entry(0x05, "memory-controller"),
          Map.entry(0x06, "unknown-bridge"),
          Map.entry(0x07, "communication-controller"),
          Map.entry(0x08, "system-peripheral"),
          Map.entry(0x09, "input-controller"),
          Map.entry(0x0a, "docking-station"),
          Map.entry(0x0b, "cpu"),
          Map.entry(0x0c, "serial-bus"),
          Map.entry(0x0d, "wireless-controller"),
          Map.entry(0x0e, "intelligent-controller"),
          Map.entry(0x0f, "satellite-device"),
          Map.entry(0x10, "encryption"),
          Map.entry(0x11, "data-processing-controller"));

  /** By base class and sub-class. */
  private static final Map<Integer, String> SUB =
      Map.ofEntries(
          Map.entry(0x0100, "scsi"),
          Map.entry(0x0101, "ide"),
          Map.entry(0x0102, "fdc"),
          Map.entry(0x0103, "ipi"),
          Map.entry(0x0104, "raid"),
          Map.entry(0x0105, "ata"),
          Map.entry(0x0106, "sata"),
          Map.entry(0x0107, "sas"),
          Map.entry(0x0200, "ethernet"),
          Map.entry(0x0201, "token-ring"),
          Map.entry(0x0202, "fddi"),
          Map.entry(0x0203, "atm"),
          Map.entry(0x0204, "isdn"),
          Map.entry(0x0205, "worldfip"),
          Map.entry(0x0206, "picmg"),
          Map.entry(0x0300, "vga"),
          Map.entry(0x0301, "xga"),
          Map.entry(0x0302, "3d-controller"),
          Map.entry(0x0400, "video"),
          Map.entry(0x0401, "sound"),
          Map.entry(0x0402, "telephony"),
          Map.entry(0x0500, "memory"),
          Map.entry(0x0501, "flash"),
          Map.entry(0x0600, "host"),
          Map.entry(0x0601, "isa"),
          Map.entry(0x0602, "eisa"),
          Map.entry(0x0603, "mca"),
          Map.entry(0x0604, "pci"),
          Map.entry(0x0605, "pcmcia"),
          Map.entry(0x0606, "nubus"),
          Map.entry(0x0607, "cardbus"),
          Map.entry(0x0608, "raceway"),
          Map.entry(0x0609, "semi-transparent-pci"),
          Map.entry(0x060a, "infiniband"),
          Map.entry(0x0700, "serial"),
          Map.entry(0x0701, "parallel"),
          Map.entry(0x0702, "multiport-serial"),
          Map.entry(0x0703, "modem"),
          Map.entry(0x0704, "gpib"),
          Map.entry(0x0705, "smart-card"),
          Map.entry(0x0800, "interrupt-controller"),
          Map.entry(0x0801, "dma-controller"),
          Map.entry(0x0802, "timer"),
          Map.entry(0x0803, "rtc"),
          Map.entry(0x0804, "hot-plug-controller"),
          Map.entry(0x0805, "sd-host-controller"),
          Map.entry(0x0900, "keyboard"),
          Map.entry(0x0901, "pen"),
          Map.entry(0x0902, "mouse"),
          Map.entry(0x0903, "scanner"),
          Map.entry(0x0904, "gameport"),
          Map.entry(0x0c00, "firewire"),
          Map.entry(0x0c01, "access-bus"),
          Map.entry(0x0c02, "ssa"),
          Map.entry(0x0c04, "fibre-channel"),
          Map.entry(0x0c05, "smb"),
          Map.entry(0x0c06, "infiniband"),
          Map.entry(0x0c07, "ipmi"),
          Map.entry(0x0c08, "sercos"),
          Map.entry(0x0c09, "canbus"));

  /** USB controllers, by the whole class code. */
  private static final Map<Integer, String> WHOLE =
      Map.of(
          0x0c0300, "usb-uhci",
          0x0c0310, "usb-ohci",
          0x0c0320, "usb-ehci",
          0x0c0330, "usb-xhci",
          0x0c03fe, "usb-device");

  private PciClassNames() {}

  static String of(int classCode) {
    String name = WHOLE.get(classCode);
    if (name == null) {
      name = SUB.get(classCode >> 8);
    }
    if (name == null) {
      name = BASE.get(classCode >> 16);
    }
    return name == null ? "pci" : name;
  }
}
