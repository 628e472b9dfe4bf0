package org.nvlink2vmm.vmm.host;

import java.util.Arrays;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * Which bits of configuration space VFIO answers itself and which a user may write (Linux
 * drivers/vfio/pci/vfio_pci_config.c). A bit that is virtual lives in the kernel's copy; one that
 * is neither virtual nor writable is read from the function and cannot be changed.
 *
 * <p>Made once an open: walks the capability lists of the function, takes capabilities that the
 * kernel does not know out of the lists, and leaves what lies outside any capability raw.
 */
final class ConfigPermissions {
  private static final int STATUS = 0x06;
  private static final int CAP_LIST_BIT = 0x10;
  private static final int CAP_POINTER = 0x34;
  private static final int EXTENDED = 0x100;
  private static final int ALL = -1;

  /** Bytes of capabilities by id; -1 needs a look, 0 is hidden (pci_cap_length). */
  private static final byte[] LENGTH = new byte[0x15];

  /** The same for extended capabilities (pci_ext_cap_length). */
  private static final byte[] EXTENDED_LENGTH = new byte[0x1c];

  static {
    LENGTH[0x01] = 8; // PM
    LENGTH[0x03] = 8; // VPD
    LENGTH[0x05] = -1; // MSI
    LENGTH[0x07] = -1; // PCI-X
    LENGTH[0x09] = -1; // vendor
    LENGTH[0x10] = -1; // PCI Express
    LENGTH[0x11] = 12; // MSI-X
    LENGTH[0x12] = -1; // SATA
    LENGTH[0x13] = 6; // AF
    EXTENDED_LENGTH[0x01] = 0x48; // AER
    EXTENDED_LENGTH[0x02] = 0x10; // VC
    EXTENDED_LENGTH[0x03] = 12; // serial number
    EXTENDED_LENGTH[0x04] = 16; // power budgeting
    EXTENDED_LENGTH[0x08] = 0x10; // MFVC
    EXTENDED_LENGTH[0x09] = 0x10; // VC9
    EXTENDED_LENGTH[0x0b] = -1; // vendor
    EXTENDED_LENGTH[0x0d] = 8; // ACS
    EXTENDED_LENGTH[0x0e] = 8; // ARI
    EXTENDED_LENGTH[0x0f] = 8; // ATS
    EXTENDED_LENGTH[0x12] = 0x30; // multicast
    EXTENDED_LENGTH[0x13] = 0x10; // PRI
    EXTENDED_LENGTH[0x18] = 8; // LTR
  }

  private final int size;

  /** The kernel's copy, filled from the function and corrected. */
  final byte[] copy;

  final byte[] virtual;
  final byte[] writable;

  private int pciExpress;
  private int power;
  private int msi;
  private int msix;

  ConfigPermissions(MmioHandler hardware, int size) {
    this.size = size;
    copy = new byte[size];
    virtual = new byte[size];
    writable = new byte[size];
    Arrays.fill(writable, 0x40, size, (byte) 0xff);
    for (int at = 0; at < size; at += 4) {
      put32(at, (int) hardware.read(at, 4));
    }
    header();
    standardCapabilities();
    extendedCapabilities();
  }

  /** Where the PCI Express capability is; 0 for none. */
  int pciExpress() {
    return pciExpress;
  }

  /** Where the power management capability is; 0 for none. */
  int power() {
    return power;
  }

  /** Where the MSI capability is; 0 for none. */
  int msi() {
    return msi;
  }

  /** Where the MSI-X capability is; 0 for none. */
  int msix() {
    return msix;
  }

  private void header() {
    set(0x00, 4, ALL, 0);
    set(0x04, 2, 0x0400, ALL);
    set(STATUS, 2, CAP_LIST_BIT, 0);
    set(0x0c, 1, 0, ALL);
    set(0x0d, 1, 0, ALL);
    set(0x0f, 1, 0, ALL);
    for (int bar = 0x10; bar < 0x28; bar += 4) {
      set(bar, 4, ALL, ALL);
    }
    set(0x30, 4, ALL, ALL);
    set(CAP_POINTER, 1, ALL, 0);
    set(0x3c, 1, ALL, ALL);
    set(0x3d, 1, ALL, 0);
  }

  private void standardCapabilities() {
    if ((get(STATUS) & CAP_LIST_BIT) == 0) {
      return;
    }
    int link = CAP_POINTER;
    boolean[] seen = new boolean[256];
    int at = get(link) & 0xfc;
    while (at >= 0x40 && !seen[at]) {
      seen[at] = true;
      int id = get(at);
      int next = get(at + 1) & 0xfc;
      int length = id < LENGTH.length ? LENGTH[id] : 0;
      if (length == 0) {
        copy[link] = (byte) next;
      } else {
        assign(id, at, Math.min(length < 0 ? variable(id, at) : length, 256 - at));
        link = at + 1;
      }
      at = next;
    }
  }

  private int variable(int id, int at) {
    return switch (id) {
      case 0x05 -> {
        int control = get(at + 2);
        int base = (control & 0x80) != 0 ? 14 : 10;
        yield (get(at + 3) & 1) != 0 ? base + 10 : base;
      }
      case 0x07 -> 8;
      case 0x09 -> Math.max(3, get(at + 2));
      case 0x10 -> (get(at + 2) & 0xf) == 1 ? 0x14 : 0x3c;
      default -> 8;
    };
  }

  private void assign(int id, int at, int length) {
    if (id == 0x09) {
      return;
    }
    Arrays.fill(writable, at, at + length, (byte) 0);
    set(at, 1, ALL, 0);
    set(at + 1, 1, ALL, 0);
    switch (id) {
      case 0x01 -> {
        power = at;
        put16(at + 2, get16(at + 2) & ~0xf800);
        set(at + 2, 2, 0xf800, 0);
        set(at + 4, 4, 0x100, ~0x3);
      }
      case 0x05 -> {
        msi = at;
        set(at + 2, 1, ALL, ALL);
        for (int i = at + 4; i < at + length; i++) {
          set(i, 1, ALL, ALL);
        }
      }
      case 0x10 -> {
        pciExpress = at;
        set(at + 2, 2, 0x00f0, 0);
        set(at + 8, 2, 0x8000 | 0x00e0 | 0x7000, ~0x0200);
        if (length > 0x28) {
          set(at + 0x28, 2, 0, ~0x20);
        }
      }
      case 0x11 -> msix = at;
      default -> {}
    }
  }

  private void extendedCapabilities() {
    if (size <= EXTENDED || get32(EXTENDED) == 0 || get32(EXTENDED) == -1) {
      return;
    }
    boolean[] seen = new boolean[size];
    int at = EXTENDED;
    while (at >= EXTENDED && at <= size - 4 && !seen[at]) {
      seen[at] = true;
      int header = get32(at);
      int id = header & 0xffff;
      int length = id < EXTENDED_LENGTH.length ? EXTENDED_LENGTH[id] : 0;
      if (length == 0) {
        put32(at, header & 0xffc0_0000);
        length = 4;
      }
      if (id != 0x0b) {
        Arrays.fill(writable, at, Math.min(size, at + length), (byte) 0);
      }
      set(at, 4, ALL, 0);
      if (id == 0x01 && at <= size - 0x1c) {
        errorReporting(at);
      }
      at = header >>> 20 & 0xffc;
    }
  }

  /** Uncorrectable status, mask, severity; correctable status, mask; ECRC enables. */
  private void errorReporting(int at) {
    for (int register = 4; register <= 0xc; register += 4) {
      set(at + register, 4, 0, 0x03ff_f031);
    }
    set(at + 0x10, 4, 0, 0xf1c1);
    set(at + 0x14, 4, 0, 0xf1c1);
    set(at + 0x18, 4, 0, 0x140);
  }

  private void set(int at, int bytes, int virtualBits, int writableBits) {
    for (int i = 0; i < bytes && at + i < size; i++) {
      virtual[at + i] = (byte) (virtualBits >>> (8 * i));
      writable[at + i] = (byte) (writableBits >>> (8 * i));
    }
  }

  int get(int at) {
    return Byte.toUnsignedInt(copy[at]);
  }

  int get16(int at) {
    return get(at) | get(at + 1) << 8;
  }

  int get32(int at) {
    return get16(at) | get16(at + 2) << 16;
  }

  void put16(int at, int value) {
    copy[at] = (byte) value;
    copy[at + 1] = (byte) (value >>> 8);
  }

  void put32(int at, int value) {
    put16(at, value);
    put16(at + 2, value >>> 16);
  }
}
