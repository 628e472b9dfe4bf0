package org.nvlink2vmm.vmm.vfio;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptLine;
import org.nvlink2vmm.vmm.irq.MsiMessage;
import org.nvlink2vmm.vmm.irq.MsiTarget;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.pci.Bar;
import org.nvlink2vmm.vmm.pci.BarDecoder;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.pci.PciFunction;
import org.nvlink2vmm.vmm.pci.PciRegs;
import org.nvlink2vmm.vmm.pci.PciWindows;

/**
 * A VFIO device as a function on a guest's bus. It keeps what belongs to the guest's own placement:
 * BARs, and which of them Command lets decode. All other configuration space is the device's region
 * 7, which sees every write, as QEMU's vfio-pci has it.
 *
 * <p>Reads of configuration space take no lock. Writes move BARs in one change of the guest's
 * memory map.
 */
public final class VfioPci implements PciFunction, AutoCloseable {
  private static final int DECODE = PciRegs.COMMAND_IO | PciRegs.COMMAND_MEMORY;
  private static final int BARS_END = PciRegs.BASE_ADDRESS_0 + 24;
  private static final int ROM_ADDRESS = 0x30;

  private final VfioDevice device;
  private final MmioHandler deviceConfig;
  private final ConfigSpace guestConfig;
  private final Overlay overlay = new Overlay();
  private final BarDecoder decoder;
  private final boolean resettable;
  private final MessageSetup messages;
  private volatile boolean busMaster;
  private volatile Optional<GuestInterrupts> interrupts = Optional.empty();

  /**
   * A function over an opened device, which it closes with itself.
   *
   * @throws VfioException what the device answers; EPROTO when its regions cannot be a PCI
   *     function's: no configuration space, BARs that are no power of two or overlap
   */
  public VfioPci(VfioDevice device) {
    this.device = device;
    this.resettable = (device.info().flags() & DeviceInfo.RESET) != 0;
    this.guestConfig = new ConfigSpace(configSize(device));
    this.deviceConfig = RegionHandler.of(device, VfioPciIndex.CONFIG_REGION);
    guestConfig.set16(PciRegs.COMMAND, 0, DECODE, 0);
    try {
      this.decoder = new BarDecoder(guestConfig, readBars());
    } catch (IllegalArgumentException e) {
      throw new VfioException(Errno.EPROTO, device.id() + ": " + e.getMessage(), e);
    }
    deviceConfig.write(PciRegs.COMMAND, 2, 0);
    this.messages = new MessageSetup(deviceConfig);
  }

  private static int configSize(VfioDevice device) {
    long size = device.regionInfo(VfioPciIndex.CONFIG_REGION).size();
    if (size < PciRegs.CFG_SPACE_SIZE) {
      throw new VfioException(
          Errno.EPROTO,
          "%s: configuration space of 0x%x bytes, expected 0x100 or 0x1000"
              .formatted(device.id(), size));
    }
    return size < PciRegs.CFG_SPACE_EXP_SIZE ? PciRegs.CFG_SPACE_SIZE : PciRegs.CFG_SPACE_EXP_SIZE;
  }

  /** The kind of a BAR stands in the low bits of its register, the size in its region's info. */
  private List<Bar> readBars() {
    List<Bar> bars = new ArrayList<>();
    for (int index = 0; index <= VfioPciIndex.BAR5_REGION; index++) {
      RegionInfo info = RegionInfoCodec.query(device, index);
      if (info.size() == 0) {
        continue;
      }
      int register = (int) deviceConfig.read(PciRegs.BASE_ADDRESS_0 + 4L * index, 4);
      Bar.Kind kind = kind(register);
      boolean prefetchable =
          kind != Bar.Kind.IO && (register & PciRegs.BASE_ADDRESS_MEM_PREFETCH) != 0;
      String name = device.id() + " bar" + index;
      bars.add(new Bar(index, kind, prefetchable, RegionMemory.of(device, info, name)));
    }
    return bars;
  }

  private static Bar.Kind kind(int register) {
    if ((register & PciRegs.BASE_ADDRESS_SPACE_IO) != 0) {
      return Bar.Kind.IO;
    }
    return (register & PciRegs.BASE_ADDRESS_MEM_TYPE_64) != 0 ? Bar.Kind.MEM64 : Bar.Kind.MEM32;
  }

  @Override
  public String id() {
    return device.id();
  }

  /** The device behind the function. */
  public VfioDevice device() {
    return device;
  }

  @Override
  public MmioHandler config() {
    return overlay;
  }

  @Override
  public int configSize() {
    return guestConfig.size();
  }

  @Override
  public List<Bar> bars() {
    return decoder.bars();
  }

  /** Where BARs are, for reports. */
  public BarDecoder decoder() {
    return decoder;
  }

  @Override
  public void plug(PciWindows windows) {
    decoder.plug(windows);
  }

  /**
   * Says where interrupts go; once.
   *
   * @param line that the function's pin is wired to
   * @param target where messages go
   */
  public void connect(InterruptLine line, MsiTarget target) {
    GuestInterrupts sink = new GuestInterrupts(device, line, messages, target);
    interrupts = Optional.of(sink);
    device.connect(sink);
  }

  /** Sets the messages of MSI-X by vector, as firmware does for a guest that cannot. */
  public void msix(List<MsiMessage> vectors) {
    messages.msix(vectors);
  }

  /** Whether the guest lets the function reach memory. Does not ask the device. */
  public boolean busMaster() {
    return busMaster;
  }

  /** Says what of the guest's memory the device reaches. */
  public void attach(DmaSpace memory) {
    device.attach(memory);
  }

  /**
   * Reset of the guest's bus: BARs decode nothing, the device is reset when it can be, and left
   * without decode and mastering.
   */
  @Override
  public void reset() {
    guestConfig.reset();
    decoder.sync();
    if (resettable) {
      device.reset();
    }
    overlay.write(PciRegs.COMMAND, 2, 0);
    messages.disable(overlay);
    interrupts.ifPresent(GuestInterrupts::reset);
  }

  /** Takes the BARs out of the windows and closes the device. */
  @Override
  public void close() {
    decoder.unplug();
    device.close();
  }

  @Override
  public String toString() {
    return device.id();
  }

  /** The guest's bits where there are any, the device's elsewhere. */
  private final class Overlay extends MmioHandler {
    @Override
    public long read(long offset, int size) {
      int own = ownBits((int) offset, size);
      if (own == -1 >>> (32 - 8 * size)) {
        return guestConfig.read(offset, size);
      }
      long value = deviceConfig.read(offset, size);
      return own == 0
          ? value
          : (value & ~Integer.toUnsignedLong(own)) | (guestConfig.read(offset, size) & own);
    }

    @Override
    public void write(long offset, int size, long value) {
      deviceConfig.write(offset, size, value);
      if (offset == PciRegs.COMMAND) {
        busMaster = (value & PciRegs.COMMAND_MASTER) != 0;
      }
      messages.written(offset, size);
      if (ownBits((int) offset, size) != 0) {
        guestConfig.write(offset, size, value);
      }
    }

    /** Which bits of an access of up to 4 bytes inside one dword are the guest's own. */
    private static int ownBits(int offset, int size) {
      int own = 0;
      int word = offset & ~3;
      if (word == PciRegs.COMMAND) {
        own = DECODE;
      } else if ((word >= PciRegs.BASE_ADDRESS_0 && word < BARS_END) || word == ROM_ADDRESS) {
        own = -1;
      }
      return own >>> (8 * (offset & 3)) & -1 >>> (32 - 8 * size);
    }
  }
}
