package org.nvlink2vmm.it.raw;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;

/**
 * A device with a region of every kind, which does nothing but keep bytes. What a client causes can
 * be looked at, and what a device does of itself can be set off.
 *
 * <p>Regions: 0 registers, 2 MiB; 1 memory that can be mapped, 2 MiB; 2 memory of 64 KiB of which
 * two areas can be mapped; 4 broken, every access fails with EIO; 7 configuration; 9 memory of a
 * device, of vendor type 10de/1 with target and link speed, not mappable.
 */
final class ScratchDevice implements VfioDevice, Migratable {
  static final int REGISTERS = 0;
  static final int MEMORY = 1;
  static final int SPARSE = 2;
  static final int BROKEN = 4;
  static final int CONFIG = 7;
  static final int SPECIFIC = 9;
  static final int ABSENT = 3;
  static final long REGISTERS_SIZE = 2 << 20;
  static final long MEMORY_SIZE = 2 << 20;
  static final long SPARSE_SIZE = 64 << 10;
  static final long SPECIFIC_SIZE = 1L << 34;
  static final int MSI_VECTORS = 8;
  static final int MSIX_VECTORS = 2048;

  final List<String> events = new CopyOnWriteArrayList<>();
  final AtomicInteger resets = new AtomicInteger();
  final byte[] registers = new byte[(int) REGISTERS_SIZE];
  final byte[] config = new byte[4096];
  final RamBlock memory = RamBlock.ofShareable("scratch memory", MEMORY_SIZE);
  final RamBlock sparse = RamBlock.ofShareable("scratch sparse", SPARSE_SIZE);
  volatile InterruptSink sink = InterruptSink.NONE;
  volatile DmaSpace dma = DmaSpace.NONE;

  /** Reads of registers throw what no device may throw. */
  volatile boolean fault;

  @Override
  public String id() {
    return "scratch";
  }

  @Override
  public Optional<Migratable> migration() {
    return Optional.of(this);
  }

  @Override
  public DeviceInfo info() {
    return new DeviceInfo(DeviceInfo.PCI | DeviceInfo.RESET, 10, 5);
  }

  @Override
  public RegionInfo regionInfo(int index) {
    int both = RegionInfo.READ | RegionInfo.WRITE;
    int map = both | RegionInfo.MMAP;
    return switch (index) {
      case REGISTERS -> new RegionInfo(index, map, REGISTERS_SIZE, 0, List.of());
      case MEMORY -> new RegionInfo(index, map, MEMORY_SIZE, 1L << 40, List.of());
      case SPARSE ->
          new RegionInfo(
              index,
              map,
              SPARSE_SIZE,
              2L << 40,
              List.of(
                  new RegionCapability.SparseMmap(
                      List.of(
                          new RegionCapability.SparseMmap.Area(0x1000, 0x1000),
                          new RegionCapability.SparseMmap.Area(0x8000, 0x2000)))));
      case BROKEN -> new RegionInfo(index, both, 4096, 0, List.of());
      case CONFIG -> new RegionInfo(index, both, config.length, 7L << 40, List.of());
      case SPECIFIC ->
          new RegionInfo(
              index,
              both,
              SPECIFIC_SIZE,
              9L << 40,
              List.of(
                  RegionCapability.RegionType.ofVendor(0x10de, 1),
                  new RegionCapability.Nvlink2SsaTarget(0x2000_0000_0000L),
                  new RegionCapability.Nvlink2LinkSpeed(9)));
      case 3, 5, 6 -> new RegionInfo(index, 0, 0, 0, List.of());
      default -> throw new VfioException(Errno.EINVAL, "No region " + index);
    };
  }

  @Override
  public IrqInfo irqInfo(int index) {
    int[] vectors = {1, MSI_VECTORS, MSIX_VECTORS};
    if (index < 0 || index >= vectors.length) {
      throw new VfioException(Errno.EINVAL, "No interrupt index " + index);
    }
    return new IrqInfo(index, IrqInfo.EVENTFD, vectors[index]);
  }

  @Override
  public RegionBacking backing(int index) {
    return switch (index) {
      case MEMORY -> direct(memory);
      case SPARSE -> direct(sparse);
      default -> new RegionBacking.None();
    };
  }

  private static RegionBacking direct(RamBlock block) {
    return new RegionBacking.Direct(
        block.segment(), block.fd().map(fd -> new RegionBacking.SharedFile(fd, 0)));
  }

  @Override
  public long read(int index, long offset, MemorySegment target) {
    if (fault && index == REGISTERS) {
      throw new IllegalStateException("meant to be");
    }
    return switch (index) {
      case REGISTERS -> get(MemorySegment.ofArray(registers), offset, target);
      case MEMORY -> get(memory.segment(), offset, target);
      case SPARSE -> get(sparse.segment(), offset, target);
      case CONFIG -> get(MemorySegment.ofArray(config), offset, target);
      case SPECIFIC -> target.fill((byte) 9).byteSize();
      default -> -Errno.EIO.number();
    };
  }

  private static long get(MemorySegment from, long offset, MemorySegment target) {
    MemorySegment.copy(from, offset, target, 0, target.byteSize());
    return target.byteSize();
  }

  @Override
  public long write(int index, long offset, MemorySegment source) {
    MemorySegment target =
        switch (index) {
          case REGISTERS -> MemorySegment.ofArray(registers);
          case MEMORY -> memory.segment();
          case SPARSE -> sparse.segment();
          case CONFIG -> MemorySegment.ofArray(config);
          default -> MemorySegment.NULL;
        };
    if (target.byteSize() == 0) {
      return -Errno.EIO.number();
    }
    MemorySegment.copy(source, 0, target, offset, source.byteSize());
    return source.byteSize();
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
    events.add(masked ? "mask" : "unmask");
  }

  @Override
  public void attach(DmaSpace space) {
    dma = space;
  }

  @Override
  public void reset() {
    resets.incrementAndGet();
  }

  @Override
  public void close() {
    memory.close();
    sparse.close();
  }

  /** Bus Master on, as a guest's driver does it but behind the server's back. */
  void busMaster(boolean on) {
    config[4] = (byte) (on ? 4 : 0);
  }

  @Override
  public void running(boolean run) {
    events.add(run ? "run" : "stop");
  }

  @Override
  public ReadableByteChannel save() {
    return Channels.newChannel(new java.io.ByteArrayInputStream(registers, 0, 3000));
  }

  @Override
  public WritableByteChannel restore() {
    List<Byte> bytes = new ArrayList<>();
    return new WritableByteChannel() {
      @Override
      public int write(ByteBuffer source) throws IOException {
        int count = source.remaining();
        while (source.hasRemaining()) {
          bytes.add(source.get());
        }
        if (bytes.size() > 3000) {
          throw new IOException("More than 3000 bytes");
        }
        return count;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() throws IOException {
        if (bytes.size() != 3000) {
          throw new IOException(bytes.size() + " bytes, expected 3000");
        }
        for (int i = 0; i < 3000; i++) {
          registers[i] = bytes.get(i);
        }
      }
    };
  }

  /** A register as it is now. */
  int register(int offset) {
    return MemorySegment.ofArray(registers).get(ValueLayout.JAVA_INT_UNALIGNED, offset);
  }
}
