package org.nvlink2vmm.it.differential;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.AccessRules;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.pci.ConfigSpace;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.RegionAccess;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionCapability.SparseMmap.Area;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * A device that libvfio-user can express, too: BAR0 registers, BAR1 memory of which two areas can
 * be mapped, BAR2 memory that can be mapped whole (64-bit), BAR4 that fails every access, PM and
 * MSI; it moves guest memory and fires vectors when told by registers. Little-endian.
 */
final class TwinDevice implements VfioDevice, Migratable {
  static final int REGISTERS = 0;
  static final int SPARSE = 1;
  static final int MEMORY = 2;
  static final int BROKEN = 4;
  static final int CONFIG = 7;
  static final int REGISTERS_SIZE = 64 << 10;
  static final int SPARSE_SIZE = 128 << 10;
  static final int MEMORY_SIZE = 2 << 20;
  static final int BROKEN_SIZE = 4096;

  static final int DMA_IOVA = 0x8000;
  static final int DMA_LENGTH = 0x8008;
  static final int DMA_START = 0x800c;
  static final int DMA_STATUS = 0x8010;
  static final int FIRE = 0x8014;
  static final int MASKED = 0x8018;
  static final int DMA_BUFFER = 0x9000;

  static final int FROM_GUEST = 1;
  static final int TO_GUEST = 2;

  private static final int STATE_SIZE = 3000;
  private static final int[] VECTORS = {1, 8, 2048, 1, 1};
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final byte[] registers = new byte[REGISTERS_SIZE];
  private final MemorySegment file = MemorySegment.ofArray(registers);
  private final RamBlock sparse = RamBlock.ofShareable("sparse", SPARSE_SIZE);
  private final RamBlock memory = RamBlock.ofShareable("memory", MEMORY_SIZE);
  private final ConfigSpace config = config();
  private InterruptSink sink = InterruptSink.NONE;
  private DmaSpace dma = DmaSpace.NONE;

  private static ConfigSpace config() {
    ConfigSpace config = new ConfigSpace(4096);
    config.set32(0x00, 0x1db110de, 0, 0).set32(0x04, 0x00100000, 0x517, 0);
    config.set32(0x08, 0x03020000, 0, 0).set32(0x0c, 0, 0xffff, 0);
    config.set32(0x10, 0, -REGISTERS_SIZE, 0).set32(0x14, 0, -SPARSE_SIZE, 0);
    config.set32(0x18, 0xc, -MEMORY_SIZE, 0).set32(0x1c, 0, -1, 0);
    config.set32(0x20, 0, -BROKEN_SIZE, 0);
    config.set32(0x2c, 0x124910de, 0, 0);
    config.set32(0x34, 0x40, 0, 0).set32(0x3c, 0x0100, 0xff, 0);
    config.set32(0x40, 0x00035001, 0, 0).set32(0x44, 0x8, 0x3, 0);
    config.set32(0x50, 0x00860005, 0x00710000, 0).set32(0x54, 0, -4, 0);
    config.set32(0x58, 0, -1, 0).set32(0x5c, 0, 0xffff, 0).set32(0x60, 0, -1, 0);
    return config;
  }

  @Override
  public String id() {
    return "twin";
  }

  @Override
  public Optional<Migratable> migration() {
    return Optional.of(this);
  }

  @Override
  public DeviceInfo info() {
    return new DeviceInfo(DeviceInfo.PCI | DeviceInfo.RESET, 9, 5);
  }

  @Override
  public RegionInfo regionInfo(int index) {
    int both = RegionInfo.READ | RegionInfo.WRITE;
    int map = both | RegionInfo.MMAP;
    return switch (index) {
      case REGISTERS -> new RegionInfo(index, both, REGISTERS_SIZE, 0, List.of());
      case SPARSE -> new RegionInfo(index, map, SPARSE_SIZE, 0, areas());
      case MEMORY -> new RegionInfo(index, map, MEMORY_SIZE, 0, List.of());
      case BROKEN -> new RegionInfo(index, both, BROKEN_SIZE, 0, List.of());
      case CONFIG -> new RegionInfo(index, both, config.size(), 0, List.of());
      default -> new RegionInfo(index, 0, 0, 0, List.of());
    };
  }

  private static List<RegionCapability> areas() {
    return List.of(
        new RegionCapability.SparseMmap(
            List.of(new Area(0x1000, 0x1000), new Area(0x8000, 0x2000))));
  }

  @Override
  public IrqInfo irqInfo(int index) {
    return new IrqInfo(index, IrqInfo.EVENTFD, VECTORS[index]);
  }

  @Override
  public RegionBacking backing(int index) {
    return switch (index) {
      case SPARSE -> direct(sparse);
      case MEMORY -> direct(memory);
      case CONFIG -> new RegionBacking.Trapped(AccessRules.PCI_BAR, config);
      default -> new RegionBacking.None();
    };
  }

  private static RegionBacking direct(RamBlock block) {
    return new RegionBacking.Direct(
        block.segment(), block.fd().map(fd -> new RegionBacking.SharedFile(fd, 0)));
  }

  @Override
  public long read(int index, long offset, MemorySegment target) {
    return switch (index) {
      case REGISTERS -> {
        MemorySegment.copy(file, offset, target, 0, target.byteSize());
        yield target.byteSize();
      }
      case SPARSE, MEMORY, CONFIG ->
          RegionAccess.read(backing(index), regionInfo(index).size(), 4, offset, target);
      default -> -Errno.EIO.number();
    };
  }

  @Override
  public long write(int index, long offset, MemorySegment source) {
    return switch (index) {
      case REGISTERS -> {
        MemorySegment.copy(source, 0, file, offset, source.byteSize());
        if (source.byteSize() == 4) {
          act((int) offset);
        }
        yield source.byteSize();
      }
      case SPARSE, MEMORY, CONFIG ->
          RegionAccess.write(backing(index), regionInfo(index).size(), 4, offset, source);
      default -> -Errno.EIO.number();
    };
  }

  private void act(int offset) {
    if (offset == DMA_START) {
      file.set(U32, DMA_STATUS, move(file.get(U32, DMA_START)) ? 0 : 1);
    } else if (offset == FIRE) {
      sink.trigger(1, file.get(U32, FIRE));
    }
  }

  private boolean move(int start) {
    int length = file.get(U32, DMA_LENGTH);
    if (Integer.compareUnsigned(length, REGISTERS_SIZE - DMA_BUFFER) > 0) {
      return false;
    }
    MemorySegment buffer = file.asSlice(DMA_BUFFER, length);
    long iova = file.get(U64, DMA_IOVA);
    return start == FROM_GUEST ? dma.read(iova, buffer) : dma.write(iova, buffer);
  }

  @Override
  public RegionMapping mmap(int index, long offset, long length) {
    throw new VfioException(Errno.ENODEV, "Not for consumers in this process");
  }

  @Override
  public void connect(InterruptSink to) {
    sink = to;
  }

  @Override
  public void maskIntx(boolean masked) {
    file.set(U32, MASKED, masked ? 1 : 2);
  }

  @Override
  public void attach(DmaSpace space) {
    dma = space;
  }

  @Override
  public void reset() {
    Arrays.fill(registers, (byte) 0);
    sparse.segment().fill((byte) 0);
    memory.segment().fill((byte) 0);
    config.reset();
  }

  @Override
  public void running(boolean run) {}

  @Override
  public ReadableByteChannel save() {
    return Channels.newChannel(new ByteArrayInputStream(registers, 0, STATE_SIZE));
  }

  @Override
  public WritableByteChannel restore() {
    return new Restoring();
  }

  private final class Restoring implements WritableByteChannel {
    private int at;

    @Override
    public int write(ByteBuffer source) throws IOException {
      int count = source.remaining();
      if (count > STATE_SIZE - at) {
        throw new IOException("More than " + STATE_SIZE + " bytes");
      }
      source.get(registers, at, count);
      at += count;
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Override
  public void close() {
    sparse.close();
    memory.close();
  }
}
