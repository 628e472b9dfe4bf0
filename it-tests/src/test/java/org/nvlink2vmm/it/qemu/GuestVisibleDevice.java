package org.nvlink2vmm.it.qemu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;

/**
 * A PCI function of three BARs, shaped like a V100 but with nothing behind it: BAR0 registers of
 * which one has a value, BAR1 memory that the guest may map.
 */
final class GuestVisibleDevice implements AutoCloseable {
  static final int BOOT_0 = 0x140000a1;
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int CONFIG_BYTES = 4096;

  final RamBlock memory;
  final VfioDevice vfio;
  volatile InterruptSink interrupts = InterruptSink.NONE;
  private final MemorySegment config = MemorySegment.ofArray(new byte[CONFIG_BYTES]);

  GuestVisibleDevice(String id, int vendor, int device, int pciClass, long memorySize) {
    memory = RamBlock.ofShareable(id, memorySize);
    config.set(U32, 0, device << 16 | vendor);
    config.set(U32, 8, pciClass << 8 | 0xa1);
    config.set(U32, 0x10, 0); // BAR0: 32-bit
    config.set(U32, 0x14, 0xc); // BAR1: 64-bit, prefetchable
    config.set(U32, 0x3c, 0x0100); // pin A
    RegionBacking bytes =
        new RegionBacking.Direct(
            memory.segment(), memory.fd().map(fd -> new RegionBacking.SharedFile(fd, 0)));
    vfio =
        DirectDevice.builder(id)
            .bar(0, 16 << 20, new RegionBacking.Trapped(AccessRules.PCI_BAR, new Registers()))
            .bar(1, memorySize, bytes)
            .config(CONFIG_BYTES, new Config())
            .vectors(VfioPciIndex.INTX_IRQ, 1)
            .onConnect(sink -> interrupts = sink)
            .onReset(() -> {})
            .build();
  }

  private static final class Registers extends MmioHandler {
    private volatile long last;

    @Override
    public long read(long offset, int size) {
      return offset == 0 ? BOOT_0 : last;
    }

    @Override
    public void write(long offset, int size, long value) {
      last = value;
    }
  }

  /** Identification is read-only; the rest keeps what is written. */
  private final class Config extends MmioHandler {
    @Override
    public long read(long offset, int size) {
      long value = 0;
      for (int i = size - 1; i >= 0; i--) {
        value = value << 8 | (config.get(ValueLayout.JAVA_BYTE, offset + i) & 0xff);
      }
      return value;
    }

    @Override
    public void write(long offset, int size, long value) {
      for (int i = 0; i < size; i++) {
        boolean writable = offset + i == 4 || offset + i == 5 || offset + i == 0x3c;
        if (writable) {
          config.set(ValueLayout.JAVA_BYTE, offset + i, (byte) (value >>> (8 * i)));
        }
      }
    }
  }

  @Override
  public void close() {
    vfio.close();
    memory.close();
  }
}
