package org.nvlink2vmm.vmm.vfiouser.client;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.codec.Capabilities;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.SetIrqs;
import org.nvlink2vmm.vmm.vfiouser.socket.DescriptorIoHandler;

/**
 * The device behind a vfio-user socket, anyone's. What it is was asked when it was connected;
 * accesses are messages unless the server gave a file. A region that could not be mapped then is
 * asked about again by {@link #mmap}: a GPU's memory comes with its links.
 */
public final class VfioUserDevice implements VfioDevice {
  /** As long as QEMU waits for a reply. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

  private static final int PAGE_SIZE = 4096;
  private static final int MOST_STATE = 1 << 20;

  /** Of each interrupt index; an eventfd each. */
  private static final int MOST_VECTORS = 64;

  private final Path path;
  private final String id;
  private final MultiThreadIoEventLoopGroup loops;
  private final Requests requests;
  private final RegionTransfers transfers;
  private final GuestMemory guestMemory;
  private final InterruptInputs interrupts;
  private final List<RemoteRegion> regions = new ArrayList<>();
  private final List<IrqInfo> irqs = new ArrayList<>();
  private final Set<RemoteMapping> mappings = ConcurrentHashMap.newKeySet();
  private Capabilities server = Capabilities.DEFAULT;
  private DeviceInfo info = new DeviceInfo(0, 0, 0);
  private volatile boolean closed;

  private VfioUserDevice(Path path, String id, Duration timeout) {
    this.path = path;
    this.id = id;
    loops =
        new MultiThreadIoEventLoopGroup(
            2,
            new DefaultThreadFactory("vfio-user client", true),
            DescriptorIoHandler.factory(Duration.ZERO));
    DmaAnswers dma = new DmaAnswers();
    try {
      requests = new Requests(path, new Connection(path, timeout, loops, dma));
    } catch (NativeException e) {
      stopLoops();
      throw e;
    }
    transfers = new RegionTransfers(requests.connection());
    guestMemory = new GuestMemory(requests, dma);
    interrupts = new InterruptInputs(loops.next());
  }

  /** Connects with {@link #DEFAULT_TIMEOUT}. */
  public static VfioUserDevice connect(Path path) {
    return connect(path, path.toString(), DEFAULT_TIMEOUT);
  }

  /**
   * Connects, agrees on a version and asks what the device is.
   *
   * @param id for people
   * @param timeout how long any reply may take
   * @throws NativeException when nobody listens, or the path is none
   * @throws VfioException ETIMEDOUT; EPROTO for a server that makes no sense; EIO when it closes;
   *     the errno with which it refuses
   */
  public static VfioUserDevice connect(Path path, String id, Duration timeout) {
    VfioUserDevice device = new VfioUserDevice(path, id, timeout);
    try {
      device.describe();
      return device;
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
  }

  private void describe() {
    Description description = new Description(requests);
    server = description.version();
    transfers.limit(server.maxDataXferSize());
    info = description.device();
    for (int index = 0; index < info.numRegions(); index++) {
      Description.Described said = description.region(index);
      try {
        regions.add(new RemoteRegion(transfers, said));
      } catch (NativeException e) {
        said.file().ifPresent(OwnedFd::close);
        throw requests.malformed("the file of region " + index + ": " + e.getMessage());
      }
    }
    for (int index = 0; index < info.numIrqs(); index++) {
      irqs.add(description.irq(index));
    }
  }

  /** What the server said of itself. */
  public Capabilities capabilities() {
    return server;
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public DeviceInfo info() {
    requireOpen();
    return info;
  }

  private void requireOpen() {
    if (closed) {
      throw new VfioException(Errno.EBADF, path + " is closed");
    }
  }

  /** VGA is a region that vfio-pci refuses to describe and servers describe as none. */
  private boolean exists(int index) {
    return index >= 0
        && index < regions.size()
        && (index != VfioPciIndex.VGA_REGION || regions.get(index).size() > 0);
  }

  private RemoteRegion region(int index) {
    requireOpen();
    if (!exists(index)) {
      throw new VfioException(Errno.EINVAL, path + " has no region " + index);
    }
    return regions.get(index);
  }

  @Override
  public RegionInfo regionInfo(int index) {
    return region(index).info();
  }

  @Override
  public IrqInfo irqInfo(int index) {
    requireOpen();
    if (index < 0 || index >= irqs.size()) {
      throw new VfioException(Errno.EINVAL, path + " has no interrupt index " + index);
    }
    return irqs.get(index);
  }

  @Override
  public RegionBacking backing(int index) {
    return region(index).backing();
  }

  @Override
  public long read(int index, long offset, MemorySegment target) {
    return move(index, offset, target, false);
  }

  @Override
  public long write(int index, long offset, MemorySegment source) {
    return move(index, offset, source, true);
  }

  private long move(int index, long offset, MemorySegment data, boolean writes) {
    if (closed) {
      return -Errno.EBADF.number();
    }
    if (!exists(index)) {
      return -Errno.EINVAL.number();
    }
    return transfers.move(index, regions.get(index).size(), offset, data, writes);
  }

  @Override
  public RegionMapping mmap(int index, long offset, long length) {
    RemoteRegion region = region(index);
    MmapRange range = MmapRange.of(id(), offset, length, PAGE_SIZE);
    Optional<Mapping> pages = map(region, range);
    if (pages.isEmpty() && index >= VfioPciIndex.NUM_REGIONS) {
      try (RemoteRegion now =
          RemoteRegion.unmapped(transfers, new Description(requests).region(index))) {
        pages = map(now, range);
      }
    }
    if (pages.isEmpty()) {
      range.requireMappable(id(), region.info());
      throw new VfioException(
          Errno.ENODEV, path + ": region " + index + " is reached by message alone");
    }
    RemoteMapping mapping = new RemoteMapping(range, pages.get(), () -> closed, mappings::remove);
    mappings.add(mapping);
    return mapping;
  }

  private Optional<Mapping> map(RemoteRegion region, MmapRange range) {
    if (region.info().has(RegionInfo.MMAP)) {
      range.requireMappable(id(), region.info());
    }
    try {
      return region.map(range.offset(), range.length());
    } catch (NativeException e) {
      throw requests.malformed(
          "the file of region " + region.info().index() + ": " + e.getMessage());
    }
  }

  @Override
  public synchronized void connect(InterruptSink sink) {
    requireOpen();
    interrupts.connect(sink);
    if (sink.equals(InterruptSink.NONE) || !interrupts.isEmpty()) {
      return;
    }
    int together = Math.clamp(server.maxMsgFds(), 1, 16);
    for (IrqInfo irq : irqs) {
      List<OwnedFd> fds = interrupts.add(irq.index(), Math.min(irq.count(), MOST_VECTORS));
      for (int start = 0; start < fds.size(); start += together) {
        List<OwnedFd> some = fds.subList(start, Math.min(fds.size(), start + together));
        OutboundMessage request =
            Requests.words(
                SetIrqs.BYTES,
                SetIrqs.BYTES,
                SetIrqs.EVENTFD | SetIrqs.TRIGGER,
                irq.index(),
                start,
                some.size());
        requests.ask(Command.DEVICE_SET_IRQS, request.with(some), SetIrqs.BYTES, 0);
      }
    }
  }

  @Override
  public void maskIntx(boolean masked) {
    requireOpen();
    if (irqs.isEmpty() || irqs.getFirst().count() == 0) {
      return;
    }
    int action = masked ? SetIrqs.MASK : SetIrqs.UNMASK;
    OutboundMessage request =
        Requests.words(SetIrqs.BYTES, SetIrqs.BYTES, SetIrqs.NONE | action, 0, 0, 1);
    requests.ask(Command.DEVICE_SET_IRQS, request, SetIrqs.BYTES, 0);
  }

  @Override
  public synchronized void attach(DmaSpace memory) {
    requireOpen();
    guestMemory.attach(memory);
  }

  /** The state of the server's device, if the server says that it can be had. */
  @Override
  public Optional<Migratable> migration() {
    requireOpen();
    int most = Math.clamp(server.maxDataXferSize(), 1, MOST_STATE);
    return server.migrationPageSize().isPresent()
        ? Optional.of(new RemoteState(requests, most))
        : Optional.empty();
  }

  @Override
  public void reset() {
    requireOpen();
    requests.ask(Command.DEVICE_RESET, new OutboundMessage(Header.BYTES), 0, 0);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    requests.connection().close();
    interrupts.close();
    mappings.forEach(RemoteMapping::close);
    regions.forEach(RemoteRegion::close);
    stopLoops();
  }

  private void stopLoops() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
  }
}
