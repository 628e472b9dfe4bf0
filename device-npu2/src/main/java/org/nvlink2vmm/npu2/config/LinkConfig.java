package org.nvlink2vmm.npu2.config;

import java.nio.ByteBuffer;
import org.nvlink2vmm.npu2.procedure.ProcedureRegisters;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.pci.ConfigTrap;
import org.nvlink2vmm.vmm.pci.PciRegs;
import org.nvlink2vmm.vmm.pci.WriteRule;
import org.nvlink2vmm.vmm.vfio.state.ConfigRecord;
import org.nvlink2vmm.vmm.vfio.state.StateException;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * Configuration space of an NVLink2 bridge as firmware sets it up (skiboot hw/npu2.c,
 * npu2_populate_cfg, npu2_populate_pcie_cap, npu2_populate_vendor_cap). 256 bytes, little-endian.
 */
public final class LinkConfig extends MmioHandler {
  /** Bytes of configuration space. */
  public static final int SIZE = PciRegs.CFG_SPACE_SIZE;

  /** What a refused read gives; firmware answers OPAL_PARAMETER and the kernel makes it this. */
  static final long REFUSED = 0xffff_ffffL;

  /** BAR 0: DL and NTL of the link, 64 KiB each. */
  public static final long NTL_SIZE = 0x20000;

  /** BAR 2: the brick's half of a stack's GENID window. */
  public static final long GENID_SIZE = 0x10000;

  private static final int ALL = -1;
  private static final int VENDOR_CAP = 0x80;
  private static final int STATUS = 0x84;
  private static final int CONTROL = 0x88;
  private static final int LINK_INDEX = 0x8c;
  private static final int FLAGS = 0x8d;
  private static final int DEVICE_CONTROL = 0x48;
  private static final int INITIATE_FLR = 1 << 15;
  private static final int MEMORY_SPACE = 1 << 1;

  /** Flag bit 0 at 0x8d: the GPU at the other end was found on its PCI bus. */
  private static final int GPU_FOUND = 1;

  /** Flag bit 1 at 0x8d: the link's DL is out of reset. */
  private static final int DL_OUT_OF_RESET = 2;

  /** What a bridge's configuration accesses do to the rest of the hardware. */
  public interface Effects {
    /** The NTL window (BAR 0) appears at, or disappears from, a host-physical address. */
    void placeNtl(long hpa, boolean enabled);

    /** Likewise for the brick's GENID page (BAR 2). */
    void placeGenid(long hpa, boolean enabled);

    /** Function-level reset. */
    void functionReset();

    /** Whether the link's DL is out of reset now. */
    boolean dlOutOfReset();
  }

  private final ConfigSpace config = new ConfigSpace(SIZE, WriteRule.RESTORE_THEN_CLEAR);
  private final BarWindow ntl;
  private final BarWindow genid;
  private final ProcedureRegisters procedures;
  private final Effects effects;

  /**
   * @param ntlBase host-physical address of BAR 0 after the host kernel has assigned it
   * @param genidBase host-physical address of BAR 2
   */
  public LinkConfig(
      int linkIndex,
      boolean gpuFound,
      long ntlBase,
      long genidBase,
      ProcedureRegisters procedures,
      Effects effects) {
    this.procedures = procedures;
    this.effects = effects;
    ntl = new BarWindow(0x10, NTL_SIZE, ntlBase, effects::placeNtl);
    genid = new BarWindow(0x18, GENID_SIZE, genidBase, effects::placeGenid);
    for (int offset = 0; offset < SIZE; offset += 4) {
      field(offset, 4, 0, 0, 0);
    }
    populateHeader(ntlBase, genidBase);
    populateExpressCapability();
    populateVendorCapability(linkIndex, gpuFound);
    config.trap(0x04, 1, new CommandTrap());
    config.trap(0x10, 8, ntl);
    config.trap(0x18, 8, genid);
    config.trap(DEVICE_CONTROL, 2, new DeviceControlTrap());
    config.trap(STATUS, 8, new ProcedureTrap());
    config.trap(FLAGS, 1, new FlagsTrap());
  }

  /** Declares a field with firmware's masks; what is declared nowhere is plain memory. */
  private void field(int offset, int size, int value, int readOnly, int clearOnOne) {
    switch (size) {
      case 1 -> config.set8(offset, value, ~readOnly & 0xff, clearOnOne);
      default -> config.set32(offset, value, ~readOnly, clearOnOne);
    }
  }

  private void populateHeader(long ntlBase, long genidBase) {
    field(0x00, 4, 0x04ea1014, ALL, 0);
    field(0x04, 4, 0x00100000, 0xffb802b8, 0xf9000000);
    field(0x08, 4, 0x06800101, ALL, 0);
    field(0x0c, 4, 0x00800000, ALL, 0);
    field(0x10, 4, (int) ntlBase | 0x4, 0xf, 0);
    field(0x14, 4, (int) (ntlBase >>> 32), 0, 0);
    field(0x18, 4, (int) genidBase | 0x4, 0xf, 0);
    field(0x1c, 4, (int) (genidBase >>> 32), 0, 0);
    field(0x20, 4, 0, ALL, 0);
    field(0x24, 4, 0, ALL, 0);
    field(0x28, 4, 0, ALL, 0);
    field(0x2c, 4, 0, ALL, 0);
    field(0x30, 4, 0xffffffff, ALL, 0);
    field(0x34, 1, 0x40, ALL, 0);
    field(0x3c, 4, 0x00000100, ALL, 0);
  }

  private void populateExpressCapability() {
    field(0x40, 4, 0x00028010, ALL, 0);
    field(0x44, 4, 0x10000fc0, ALL, 0);
    field(0x48, 4, 0x00002810, 0xffff0000, 0x000f0000);
    field(0x4c, 4, 0x00000013, ALL, 0);
    field(0x50, 4, 0x00130000, 0xfffff000, 0xc0000000);
    field(0x54, 4, 0, ALL, 0);
    field(0x58, 4, 0, ALL, 0);
    field(0x5c, 4, 0, 0xffffffe0, 0);
    field(0x60, 4, 0, ALL, 0x00010000);
    field(0x64, 4, 0, ALL, 0);
    field(0x68, 4, 0x00070000, 0xffff0000, 0);
    field(0x6c, 4, 0x00000007, ALL, 0);
    field(0x70, 4, 0x00000003, 0xffff0000, 0x00200000);
    field(0x74, 4, 0, ALL, 0);
    field(0x78, 4, 0, ALL, 0);
  }

  /**
   * Id 09, next 00, length 0x10, version 01. Byte 0x81, the next pointer, is never initialised by
   * firmware and so is plain memory; it makes 0x91 read-only instead.
   */
  private void populateVendorCapability(int linkIndex, boolean gpuFound) {
    field(VENDOR_CAP, 4, 0x01100009, 0xffff00ff, 0);
    field(0x91, 1, 0, 0xff, 0);
    field(LINK_INDEX, 1, linkIndex, 0xff, 0);
    field(FLAGS, 1, gpuFound ? GPU_FOUND : 0, 0xff, 0);
  }

  /** As after power-on; the windows stay where they are. */
  public void clear() {
    config.reset();
    config.update(PciRegs.COMMAND, 2, MEMORY_SPACE, ntl.isEnabled() ? MEMORY_SPACE : 0);
    ntl.show(config);
    genid.show(config);
    procedures.clear();
  }

  /** Configuration space as a part of the bridge's state, without what the link's flag says. */
  public ConfigRecord state() {
    return ConfigRecord.of(config).ignoring(LINK_INDEX, DL_OUT_OF_RESET << 8);
  }

  /** The windows as a part of the bridge's state. */
  public StateRecord windows() {
    return new Windows();
  }

  private final class Windows implements StateRecord {
    @Override
    public String name() {
      return "windows";
    }

    @Override
    public int size() {
      return 2 * BarWindow.STATE;
    }

    @Override
    public void save(ByteBuffer target) {
      ntl.save(target);
      genid.save(target);
    }

    @Override
    public void check(ByteBuffer source) throws StateException {
      if (!BarWindow.isSound(source, 0) || !BarWindow.isSound(source, BarWindow.STATE)) {
        throw new StateException("a BAR that no bridge can have");
      }
    }

    @Override
    public void restore(ByteBuffer source) {
      ntl.restore(source);
      genid.restore(source);
    }
  }

  /** All ones for an access that firmware refuses: too wide, not aligned, out of range. */
  @Override
  public long read(long offset, int size) {
    return isAccess(offset, size) ? config.read(offset, size) : REFUSED & -1L >>> (64 - 8 * size);
  }

  @Override
  public void write(long offset, int size, long value) {
    if (isAccess(offset, size)) {
      config.write(offset, size, value);
    }
  }

  private static boolean isAccess(long offset, int size) {
    return (size == 1 || size == 2 || size == 4)
        && offset >= 0
        && offset <= SIZE - size
        && (offset & (size - 1)) == 0;
  }

  /** Memory decode on or off: bit 1 of the low byte, whatever the width of the write. */
  private final class CommandTrap implements ConfigTrap {
    @Override
    public boolean write(int offset, int size, int value) {
      boolean enabled = (value & MEMORY_SPACE) != 0;
      ntl.enable(enabled);
      genid.enable(enabled);
      return false;
    }
  }

  private final class DeviceControlTrap implements ConfigTrap {
    @Override
    public boolean write(int offset, int size, int value) {
      if (size != 2) {
        return true;
      }
      if ((value & INITIATE_FLR) != 0) {
        effects.functionReset();
      }
      return false;
    }
  }

  private final class ProcedureTrap implements ConfigTrap {
    @Override
    public long read(int offset, int size) {
      if (size != 4) {
        return REFUSED;
      }
      return Integer.toUnsignedLong(offset == STATUS ? procedures.status() : procedures.control());
    }

    @Override
    public boolean write(int offset, int size, int value) {
      if (size == 4 && offset == CONTROL) {
        procedures.start(value);
      }
      return true;
    }
  }

  /** Refreshes the byte from the link and lets the access go on. */
  private final class FlagsTrap implements ConfigTrap {
    @Override
    public long read(int offset, int size) {
      int reset = effects.dlOutOfReset() ? DL_OUT_OF_RESET : 0;
      config.update(FLAGS, 1, DL_OUT_OF_RESET, reset);
      return PASS;
    }
  }
}
