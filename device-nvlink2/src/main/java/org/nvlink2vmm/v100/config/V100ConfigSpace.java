package org.nvlink2vmm.v100.config;

import org.nvlink2vmm.v100.V100Model;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.pci.PciRegs;

/**
 * Configuration space of a V100 SXM2 after reset: 4096 bytes, one function, MSI with one vector, no
 * function-level reset (NVIDIA open-gpu-doc manuals/volta/gv100/dev_nv_xve*.ref.txt; listings of
 * boards with the same chip for what the manual leaves open).
 */
public final class V100ConfigSpace {
  private static final int ALL = -1;

  private V100ConfigSpace() {}

  /** A space with its reset values. */
  public static ConfigSpace of(V100Model model) {
    ConfigSpace config = new ConfigSpace(PciRegs.CFG_SPACE_EXP_SIZE);
    header(config, model);
    powerAndMsi(config);
    express(config);
    extended(config);
    return config;
  }

  private static void header(ConfigSpace config, V100Model model) {
    config.set32(0x00, model.deviceId() << 16 | 0x10de, 0, 0);
    config.set32(0x04, 0x00100000, 0x547, 0xf9000000);
    config.set32(0x08, 0x030200a1, 0, 0);
    config.set32(0x0c, 0, 0xff, 0);
    config.set32(0x10, 0, 0xff000000, 0);
    config.set32(0x14, 0xc, 0, 0);
    config.set32(0x18, 0, (int) (-model.memory() >>> 32), 0);
    config.set32(0x1c, 0xc, 0xfe000000, 0);
    config.set32(0x20, 0, ALL, 0);
    config.set32(0x24, 0, 0, 0);
    config.set32(0x2c, model.subsystemId() << 16 | 0x10de, 0, 0);
    config.set32(0x30, 0, 0, 0);
    config.set32(0x34, 0x60, 0, 0);
    config.set32(0x3c, 0x00000100, 0xff, 0);
  }

  /** Power management v3 with NoSoftReset; MSI, 64-bit, one vector. */
  private static void powerAndMsi(ConfigSpace config) {
    config.set32(0x60, 0x00036801, 0, 0);
    config.set32(0x64, 0x00000008, 0x3, 0);
    config.set32(0x68, 0x00807805, 0x00710000, 0);
    config.set32(0x6c, 0, 0xfffffffc, 0);
    config.set32(0x70, 0, ALL, 0);
    config.set32(0x74, 0, 0xffff, 0);
  }

  /**
   * PCI Express endpoint at 8 GT/s, x16 able; trained x2 as on the machine whose boot log was seen.
   */
  private static void express(ConfigSpace config) {
    config.set32(0x78, 0x00020010, 0, 0);
    config.set32(0x7c, 0x00008de1, 0, 0);
    config.set32(0x80, 0x00002910, 0x7fff, 0x000f0000);
    config.set32(0x84, 0x00400d03, 0, 0);
    config.set32(0x88, 0x10230000, 0x01cb, 0);
    config.set32(0xa0, 0, 0x041f, 0);
    config.set32(0xa4, 0x0000060e, 0, 0);
    config.set32(0xa8, 0x00000003, 0xf, 0);
  }

  /** In the order of the chain: 100, 250, 258, 128, 420, 600, 900, ac0. */
  private static void extended(ConfigSpace config) {
    capability(config, 0x100, 0x0002, 1, 0x250);
    config.set32(0x114, 0x800000ff, 0xfe, 0);
    capability(config, 0x250, 0x0018, 1, 0x258);
    config.set32(0x254, 0, 0x1fff1fff, 0);
    capability(config, 0x258, 0x001e, 1, 0x128);
    config.set32(0x260, 0, 0xf, 0);
    capability(config, 0x128, 0x0004, 1, 0x420);
    capability(config, 0x420, 0x0001, 2, 0x600);
    config.set32(0x424, 0, 0, 0x01fff030);
    config.set32(0x428, 0, 0x01fff030, 0);
    config.set32(0x42c, 0x00062030, 0x01fff030, 0);
    config.set32(0x430, 0, 0, 0x0000f1c1);
    config.set32(0x434, 0x00002000, 0x0000f1c1, 0);
    capability(config, 0x600, 0x000b, 1, 0x900);
    config.set32(0x604, 0x02410001, 0, 0);
    config.set32(0x60c, 0x00001801, 0, 0);
    capability(config, 0x900, 0x0019, 1, 0xac0);
    capability(config, 0xac0, 0x0023, 1, 0);
  }

  private static void capability(ConfigSpace config, int offset, int id, int version, int next) {
    config.set32(offset, next << 20 | version << 16 | id, 0, 0);
  }
}
