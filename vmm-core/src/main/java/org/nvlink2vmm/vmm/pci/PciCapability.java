package org.nvlink2vmm.vmm.pci;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * A capability found in a config space. Walking trusts nothing: a chain that returns to where it
 * was or points into the header ends there, as it does for Linux drivers/pci/pci.c.
 *
 * @param id PCI_CAP_ID_*, or PCI_EXT_CAP_ID_* of an extended one
 * @param version of an extended capability, else 0
 * @param offset of its first byte
 */
public record PciCapability(int id, int version, int offset) {
  private static final int HEADER_END = 0x40;

  /** The standard capabilities, in the order of the chain. */
  public static List<PciCapability> standard(MmioHandler config) {
    List<PciCapability> found = new ArrayList<>();
    if ((config.read(PciRegs.STATUS, 2) & PciRegs.STATUS_CAP_LIST) == 0) {
      return found;
    }
    BitSet seen = new BitSet();
    int offset = (int) config.read(PciRegs.CAPABILITY_LIST, 1) & ~3;
    while (offset >= HEADER_END && !seen.get(offset)) {
      seen.set(offset);
      int id = (int) config.read(offset, 1);
      if (id == 0xff) {
        break;
      }
      found.add(new PciCapability(id, 0, offset));
      offset = (int) config.read(offset + 1, 1) & ~3;
    }
    return found;
  }

  /**
   * The extended capabilities of a space of {@code configSize} bytes, in the order of the chain.
   */
  public static List<PciCapability> extended(MmioHandler config, int configSize) {
    List<PciCapability> found = new ArrayList<>();
    BitSet seen = new BitSet();
    int offset = PciRegs.CFG_SPACE_SIZE;
    while (offset >= PciRegs.CFG_SPACE_SIZE && offset <= configSize - 4 && !seen.get(offset)) {
      seen.set(offset);
      int header = (int) config.read(offset, 4);
      if (header == 0 || header == -1) {
        break;
      }
      found.add(new PciCapability(header & 0xffff, header >>> 16 & 0xf, offset));
      offset = header >>> 20 & ~3;
    }
    return found;
  }

  /** The first standard capability of a kind. */
  public static Optional<PciCapability> find(MmioHandler config, int id) {
    return standard(config).stream().filter(capability -> capability.id == id).findFirst();
  }
}
