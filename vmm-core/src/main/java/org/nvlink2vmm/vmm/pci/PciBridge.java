package org.nvlink2vmm.vmm.pci;

import java.nio.ByteOrder;
import java.util.List;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/**
 * A PCI-PCI bridge, the kind that {@code pci-bridge} devices are: identity and BAR of QEMU's
 * hw/pci-bridge/pci_bridge_dev.c, without its hot-plug controller.
 *
 * <p>Config accesses are forwarded by the bus numbers that software wrote. Memory is not filtered
 * by the bridge's own windows: BARs behind it decode in the host bridge's windows like all others.
 * A secondary bus reset resets what is behind it.
 */
public final class PciBridge implements PciFunction {
  private static final PciId ID = new PciId(0x1b36, 0x0001, 0, 0, 0x060400, 0);
  private static final int BAR_BYTES = 256;
  private static final int COMMAND_BITS =
      PciRegs.COMMAND_IO
          | PciRegs.COMMAND_MEMORY
          | PciRegs.COMMAND_MASTER
          | PciRegs.COMMAND_PARITY
          | PciRegs.COMMAND_SERR
          | PciRegs.COMMAND_INTX_DISABLE;

  /** PCI_STATUS_66MHZ and PCI_STATUS_FAST_BACK. */
  private static final int STATUS_BITS = 0xa0;

  /** Parity, signalled and received aborts and errors: PCI_STATUS bits 8 and 11 to 15. */
  private static final int STATUS_ERRORS = 0xf900;

  private static final int BRIDGE_CONTROL_BITS = 0x0eff;

  private final String id;
  private final ConfigSpace config = new ConfigSpace(PciRegs.CFG_SPACE_SIZE);
  private final BarDecoder decoder;
  private final PciBus secondary;

  /**
   * A bridge with nothing behind it.
   *
   * @param windows of the host bridge, in which BARs behind this bridge decode too
   */
  public PciBridge(String id, PciWindows windows) {
    this.id = id;
    this.secondary = new PciBus(id, windows);
    ID.declareIn(config);
    config
        .set16(PciRegs.COMMAND, 0, COMMAND_BITS, 0)
        .set16(PciRegs.STATUS, STATUS_BITS, 0, STATUS_ERRORS)
        .set8(PciRegs.CACHE_LINE_SIZE, 0, 0xff, 0)
        .set8(PciRegs.HEADER_TYPE, PciRegs.HEADER_TYPE_BRIDGE, 0, 0)
        .set32(PciRegs.PRIMARY_BUS, 0, -1, 0)
        .set16(PciRegs.IO_BASE, 0x0101, 0xf0f0, 0)
        .set16(PciRegs.SEC_STATUS, STATUS_BITS, 0, STATUS_ERRORS)
        .set32(PciRegs.MEMORY_BASE, 0, 0xfff0fff0, 0)
        .set32(PciRegs.PREF_MEMORY_BASE, 0x00010001, 0xfff0fff0, 0)
        .set32(PciRegs.PREF_BASE_UPPER32, 0, -1, 0)
        .set32(PciRegs.PREF_LIMIT_UPPER32, 0, -1, 0)
        .set32(0x30, 0, -1, 0)
        .set8(PciRegs.INTERRUPT_LINE, 0, 0xff, 0)
        .set16(PciRegs.BRIDGE_CONTROL, 0, BRIDGE_CONTROL_BITS, 0)
        .trap(PciRegs.BRIDGE_CONTROL, 2, new BusReset());
    AccessRules rules = new AccessRules(1, 4, true, 4, ByteOrder.LITTLE_ENDIAN);
    MemoryRegion registers = new MemoryRegion.Mmio(id + " bar0", BAR_BYTES, rules, new NoSlots());
    decoder = new BarDecoder(config, List.of(new Bar(0, Bar.Kind.MEM64, false, registers)));
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public ConfigSpace config() {
    return config;
  }

  @Override
  public int configSize() {
    return config.size();
  }

  @Override
  public List<Bar> bars() {
    return decoder.bars();
  }

  /** What is behind the bridge. */
  public PciBus secondary() {
    return secondary;
  }

  /** The number of the bus behind it; 0 while software has given none. */
  public int secondaryNumber() {
    return (int) config.load(PciRegs.SECONDARY_BUS, 1);
  }

  /** The highest bus number behind it. */
  public int subordinateNumber() {
    return (int) config.load(PciRegs.SUBORDINATE_BUS, 1);
  }

  @Override
  public void plug(PciWindows windows) {
    decoder.plug(windows);
  }

  @Override
  public void reset() {
    config.reset();
    decoder.sync();
    secondary.reset();
  }

  void number(int primary, int secondary, int subordinate) {
    config.store(PciRegs.PRIMARY_BUS, 1, primary);
    config.store(PciRegs.SECONDARY_BUS, 1, secondary);
    config.store(PciRegs.SUBORDINATE_BUS, 1, subordinate);
  }

  boolean forwards(int number) {
    int first = secondaryNumber();
    return first != 0 && number >= first && number <= subordinateNumber();
  }

  /** Resets the bus behind the bridge when the bit goes up. */
  private final class BusReset implements ConfigTrap {
    @Override
    public boolean write(int offset, int size, int value) {
      boolean before = isSet();
      config.writeMasked(offset, size, value);
      if (!before && isSet()) {
        secondary.reset();
      }
      return true;
    }

    private boolean isSet() {
      return (config.load(PciRegs.BRIDGE_CONTROL, 2) & PciRegs.BRIDGE_CTL_BUS_RESET) != 0;
    }
  }

  /** The hot-plug controller's registers when it has no slots. */
  private static final class NoSlots extends MmioHandler {
    @Override
    public long read(long offset, int size) {
      return 0;
    }

    @Override
    public void write(long offset, int size, long value) {}
  }
}
