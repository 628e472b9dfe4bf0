package org.nvlink2vmm.vmm.guest;

/** Configuration space of one function through RTAS. */
record ConfigAccess(GuestMachine machine, long buid, int bus, int devfn) {
  static final int VENDOR = 0x00;
  static final int COMMAND = 0x04;
  static final int CLASS = 0x08;
  static final int HEADER_TYPE = 0x0e;
  static final int BAR0 = 0x10;
  static final int PRIMARY_BUS = 0x18;
  static final int CAPABILITIES = 0x34;
  static final int INTERRUPT_PIN = 0x3d;

  static final int COMMAND_IO = 1;
  static final int COMMAND_MEMORY = 2;
  static final int COMMAND_MASTER = 4;

  /** Entries of a capability list that fit into 256 bytes: more of them mean a loop. */
  private static final int MAX_CAPABILITIES = 48;

  private int address(int offset) {
    return ((offset & 0xf00) << 20) | (bus << 16) | (devfn << 8) | (offset & 0xff);
  }

  /** The value; all ones of {@code size} bytes when the call fails. */
  int read(int offset, int size) {
    long value = machine.readPciConfig(buid, address(offset), size);
    return value < 0 ? -1 >>> (32 - 8 * size) : (int) value;
  }

  void write(int offset, int size, int value) {
    machine.writePciConfig(buid, address(offset), size, value);
  }

  boolean exists() {
    int vendor = read(VENDOR, 2);
    return vendor != 0xffff && vendor != 0;
  }

  /** Offset of the first capability with this id, 0 when there is none or the list is broken. */
  int capability(int id) {
    int offset = read(CAPABILITIES, 1) & 0xfc;
    for (int i = 0; i < MAX_CAPABILITIES && offset >= 0x40; i++) {
      if (read(offset, 1) == id) {
        return offset;
      }
      offset = read(offset + 1, 1) & 0xfc;
    }
    return 0;
  }
}
