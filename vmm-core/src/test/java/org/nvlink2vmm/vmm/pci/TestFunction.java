package org.nvlink2vmm.vmm.pci;

import java.nio.ByteOrder;
import java.util.List;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.MmioHandler;

/** A function whose BARs answer every read with a number of their own. */
final class TestFunction implements PciFunction {
  static final long IO_GPA = 0x2000_0000_0000L;
  static final long MEMORY_GPA = 0x2000_8000_0000L;
  static final long MEMORY_PCI = 0x8000_0000L;
  static final long MEMORY64 = 0x2100_0000_0000L;

  private final String id;
  private final ConfigSpace config = new ConfigSpace(256);
  private final BarDecoder decoder;

  TestFunction(String id, List<Bar> bars) {
    this.id = id;
    new PciId(0x1234, 0x5678, 0, 0, 0x020000, 1).declareIn(config);
    config.set16(PciRegs.COMMAND, 0, 0x7, 0);
    decoder = new BarDecoder(config, bars);
  }

  static Bar bar(int index, Bar.Kind kind, long size, long answer) {
    AccessRules rules = new AccessRules(1, 8, false, 8, ByteOrder.LITTLE_ENDIAN);
    MmioHandler constant =
        new MmioHandler() {
          @Override
          public long read(long offset, int size) {
            return answer;
          }

          @Override
          public void write(long offset, int size, long value) {}
        };
    return new Bar(index, kind, false, new MemoryRegion.Mmio("bar" + index, size, rules, constant));
  }

  /** Windows of the size and at the places of a first pseries host bridge. */
  static PciWindows windows(AddressSpace space) {
    PciWindows windows =
        new PciWindows(
            space,
            new PciWindows.Window(0, new MemoryRegion.Container("io", 1L << 16)),
            new PciWindows.Window(MEMORY_PCI, new MemoryRegion.Container("mem", 1L << 31)),
            new PciWindows.Window(MEMORY64, new MemoryRegion.Container("mem64", 1L << 40)));
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), IO_GPA, windows.io().container());
      change.map(space.root(), MEMORY_GPA, windows.memory().container());
      change.map(space.root(), MEMORY64, windows.memory64().container());
    }
    return windows;
  }

  BarDecoder decoder() {
    return decoder;
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

  @Override
  public void plug(PciWindows windows) {
    decoder.plug(windows);
  }

  @Override
  public void reset() {
    config.reset();
    decoder.sync();
  }
}
