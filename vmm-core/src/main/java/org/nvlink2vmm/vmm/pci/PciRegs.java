package org.nvlink2vmm.vmm.pci;

/** Offsets and bits of config space (Linux include/uapi/linux/pci_regs.h, same names). */
public final class PciRegs {
  public static final int VENDOR_ID = 0x00;
  public static final int DEVICE_ID = 0x02;
  public static final int COMMAND = 0x04;
  public static final int STATUS = 0x06;
  public static final int REVISION_ID = 0x08;
  public static final int CLASS_PROG = 0x09;
  public static final int CACHE_LINE_SIZE = 0x0c;
  public static final int LATENCY_TIMER = 0x0d;
  public static final int HEADER_TYPE = 0x0e;

  /** PCI_BASE_ADDRESS_0; six words in a type 0 header, two in a type 1 header. */
  public static final int BASE_ADDRESS_0 = 0x10;

  public static final int SUBSYSTEM_VENDOR_ID = 0x2c;
  public static final int SUBSYSTEM_ID = 0x2e;
  public static final int ROM_ADDRESS = 0x30;
  public static final int CAPABILITY_LIST = 0x34;
  public static final int INTERRUPT_LINE = 0x3c;
  public static final int INTERRUPT_PIN = 0x3d;

  public static final int PRIMARY_BUS = 0x18;
  public static final int SECONDARY_BUS = 0x19;
  public static final int SUBORDINATE_BUS = 0x1a;
  public static final int IO_BASE = 0x1c;
  public static final int IO_LIMIT = 0x1d;
  public static final int SEC_STATUS = 0x1e;
  public static final int MEMORY_BASE = 0x20;
  public static final int PREF_MEMORY_BASE = 0x24;
  public static final int PREF_BASE_UPPER32 = 0x28;
  public static final int PREF_LIMIT_UPPER32 = 0x2c;
  public static final int BRIDGE_CONTROL = 0x3e;

  public static final int COMMAND_IO = 0x1;
  public static final int COMMAND_MEMORY = 0x2;
  public static final int COMMAND_MASTER = 0x4;
  public static final int COMMAND_PARITY = 0x40;
  public static final int COMMAND_SERR = 0x100;
  public static final int COMMAND_INTX_DISABLE = 0x400;

  public static final int STATUS_INTERRUPT = 0x08;
  public static final int STATUS_CAP_LIST = 0x10;

  public static final int HEADER_TYPE_NORMAL = 0;
  public static final int HEADER_TYPE_BRIDGE = 1;

  /** Bit 7 of the header type: the device has functions other than 0. */
  public static final int HEADER_MULTI_FUNCTION = 0x80;

  public static final int BASE_ADDRESS_SPACE_IO = 0x1;
  public static final int BASE_ADDRESS_MEM_TYPE_64 = 0x4;
  public static final int BASE_ADDRESS_MEM_PREFETCH = 0x8;

  /** PCI_BRIDGE_CTL_BUS_RESET: secondary bus reset while set. */
  public static final int BRIDGE_CTL_BUS_RESET = 0x40;

  public static final int CAP_ID_PM = 0x01;
  public static final int CAP_ID_MSI = 0x05;
  public static final int CAP_ID_VNDR = 0x09;
  public static final int CAP_ID_EXP = 0x10;
  public static final int CAP_ID_MSIX = 0x11;

  /** Bytes of a conventional function's config space, and of a PCI Express one's. */
  public static final int CFG_SPACE_SIZE = 256;

  public static final int CFG_SPACE_EXP_SIZE = 4096;

  private PciRegs() {}
}
