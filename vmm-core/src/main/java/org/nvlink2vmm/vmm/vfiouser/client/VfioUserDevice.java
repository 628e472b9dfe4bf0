package org.nvlink2vmm.vmm.vfiouser.client;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.MmapRange;
import org.nvlink2vmm.vmm.vfio.RegionAccess;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionInfo;
import org.nvlink2vmm.vmm.vfio.RegionInfoCodec;
import org.nvlink2vmm.vmm.vfio.RegionMapping;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.codec.Capabilities;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaMap;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.DmaUnmap;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.SetIrqs;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.Version;
import org.nvlink2vmm.vmm.vfiouser.codec.ProtocolException;
import org.nvlink2vmm.vmm.vfiouser.codec.Wire;
import org.nvlink2vmm.vmm.vfiouser.socket.DescriptorIoHandler;

/**
 * The device behind a vfio-user socket, anyone's. What it is was asked when it was connected and
 * does not change; accesses are messages unless the server gave a file.
 *
 * <p>Guest memory is offered without files: the server asks for it by message.
 */
public final class VfioUserDevice implements VfioDevice {
  /** As long as QEMU waits for a reply. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

  private static final int MOST_REGIONS = 100;
  private static final int MOST_IRQS = 50;
  private static final int MOST_DATA = 1 << 20;
  private static final int PAGE_SIZE = 4096;

  /** Of each interrupt index; an eventfd each. */
  private static final int MOST_VECTORS = 64;

  /** What libvfio-user maps at most. */
  private static final long MEMORY = 8L << 40;

  /** Where pseries guests put their second DMA window (PAPR, ibm,create-pe-dma-window). */
  private static final long HUGE_WINDOW = 0x0800_0000_0000_0000L;

  private final Path path;
  private final String id;
  private final MultiThreadIoEventLoopGroup loops;
  private final DmaAnswers dma = new DmaAnswers();
  private final Connection connection;
  private final InterruptInputs interrupts;
  private final List<RemoteRegion> regions = new ArrayList<>();
  private final List<IrqInfo> irqs = new ArrayList<>();
  private Capabilities server = Capabilities.DEFAULT;
  private DeviceInfo info = new DeviceInfo(0, 0, 0);
  private boolean memoryOffered;
  private volatile boolean closed;

  private VfioUserDevice(Path path, String id, Duration timeout) {
    this.path = path;
    this.id = id;
    loops =
        new MultiThreadIoEventLoopGroup(
            2,
            new DefaultThreadFactory("vfio-user client", true),
            DescriptorIoHandler.factory(Duration.ZERO));
    try {
      connection = new Connection(path, timeout, loops, dma);
    } catch (NativeException e) {
      stopLoops();
      throw e;
    }
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
      device.negotiate();
      device.describe();
      return device;
    } catch (RuntimeException e) {
      device.close();
      throw e;
    }
  }

  private void negotiate() {
    byte[] json =
        "{\"capabilities\":{\"max_msg_fds\":16}}"
            .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    int payload = Version.JSON + json.length + 1;
    OutboundMessage request = new OutboundMessage(Header.BYTES + payload);
    request.u16(Version.MAJOR, 0);
    request.u16(Version.MINOR, 0);
    MemorySegment.copy(
        MemorySegment.ofArray(json), 0, request.bytes(), Header.BYTES + Version.JSON, json.length);
    MemorySegment answer = ask(Command.VERSION, request, payload, Version.JSON);
    if (Wire.u16(answer, Version.MAJOR) != 0) {
      throw malformed("VERSION: protocol " + Wire.u16(answer, Version.MAJOR) + ", expected 0");
    }
    byte[] text = answer.asSlice(Version.JSON).toArray(ValueLayout.JAVA_BYTE);
    try {
      int length = text.length > 0 && text[text.length - 1] == 0 ? text.length - 1 : text.length;
      server = Capabilities.parse(java.util.Arrays.copyOf(text, length));
    } catch (ProtocolException e) {
      throw new VfioException(Errno.EPROTO, path + ": VERSION: " + e.getMessage(), e);
    }
  }

  private void describe() {
    OutboundMessage request = words(Payload.DeviceInfo.BYTES, Payload.DeviceInfo.BYTES, 0, 0, 0);
    MemorySegment answer =
        ask(Command.DEVICE_GET_INFO, request, Payload.DeviceInfo.BYTES, Payload.DeviceInfo.BYTES);
    info =
        new DeviceInfo(
            Wire.u32(answer, Payload.DeviceInfo.FLAGS),
            atMost("regions", Wire.u32(answer, Payload.DeviceInfo.REGIONS), MOST_REGIONS),
            atMost("interrupts", Wire.u32(answer, Payload.DeviceInfo.IRQS), MOST_IRQS));
    for (int index = 0; index < info.numRegions(); index++) {
      regions.add(askRegion(index));
    }
    for (int index = 0; index < info.numIrqs(); index++) {
      irqs.add(askIrq(index));
    }
  }

  private int atMost(String what, int count, int most) {
    if (Integer.compareUnsigned(count, most) > 0) {
      throw malformed(Integer.toUnsignedString(count) + " " + what + ", at most " + most);
    }
    return count;
  }

  private RemoteRegion askRegion(int index) {
    List<OwnedFd> files = new ArrayList<>();
    try {
      RegionInfo said = RegionInfoCodec.query(index, structure -> askRegion(structure, files));
      if (said.index() != index) {
        throw malformed("region " + index + " answers as region " + said.index());
      }
      Optional<OwnedFd> file =
          said.has(RegionInfo.MMAP) && !files.isEmpty()
              ? Optional.of(files.removeLast())
              : Optional.empty();
      return new RemoteRegion(this, said, file);
    } catch (NativeException e) {
      throw new VfioException(
          Errno.EPROTO, path + ": the file of region " + index + ": " + e.getMessage(), e);
    } finally {
      files.forEach(OwnedFd::close);
    }
  }

  private int askRegion(MemorySegment structure, List<OwnedFd> files) {
    int size = Payload.RegionInfo.BYTES;
    OutboundMessage request = new OutboundMessage(Header.BYTES + size);
    MemorySegment.copy(structure, 0, request.bytes(), Header.BYTES, size);
    Reply reply = connection.call(Command.DEVICE_GET_REGION_INFO, request, size);
    files.addAll(reply.descriptors());
    if (reply.errno() != 0) {
      return -reply.errno();
    }
    if (reply.payload().byteSize() < size) {
      throw malformed("region info of " + reply.payload().byteSize() + " bytes");
    }
    long length = Math.min(reply.payload().byteSize(), structure.byteSize());
    MemorySegment.copy(reply.payload(), 0, structure, 0, length);
    return 0;
  }

  private IrqInfo askIrq(int index) {
    int size = Payload.IrqInfo.BYTES;
    OutboundMessage request = words(size, size, 0, index, 0);
    MemorySegment answer = ask(Command.DEVICE_GET_IRQ_INFO, request, size, size);
    return new IrqInfo(
        index,
        Wire.u32(answer, Payload.IrqInfo.FLAGS),
        atMost("vectors", Wire.u32(answer, Payload.IrqInfo.COUNT), 1 << 16));
  }

  /** Sends a command and gives the payload of its reply. */
  private MemorySegment ask(int command, OutboundMessage request, int payload, int least) {
    Reply reply = connection.call(command, request, payload);
    reply.closeDescriptors();
    if (reply.errno() != 0) {
      throw new VfioException(
          Errno.of(reply.errno()),
          path + ": " + Command.name(command) + " is refused with errno " + reply.errno());
    }
    if (reply.payload().byteSize() < least) {
      throw malformed(
          Command.name(command)
              + " is answered with "
              + reply.payload().byteSize()
              + " bytes, expected "
              + least);
    }
    return reply.payload();
  }

  private VfioException malformed(String what) {
    return new VfioException(Errno.EPROTO, path + ": " + what);
  }

  private static OutboundMessage words(int room, int... values) {
    OutboundMessage request = new OutboundMessage(Header.BYTES + room);
    for (int i = 0; i < values.length; i++) {
      request.u32(4 * i, values[i]);
    }
    return request;
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
    long size = regions.get(index).size();
    long count = RegionAccess.clip(size, offset, data.byteSize());
    int most = Math.clamp(server.maxDataXferSize(), 1, MOST_DATA);
    long done = 0;
    try {
      while (done < count) {
        int length = (int) Math.min(most, count - done);
        int errno = access(index, offset + done, data.asSlice(done, length), writes);
        if (errno != 0) {
          return done > 0 ? done : -errno;
        }
        done += length;
      }
    } catch (VfioException e) {
      return done > 0 ? done : -e.errno().number();
    }
    return count;
  }

  /** One message; gives an errno, 0 for success. */
  private int access(int index, long offset, MemorySegment data, boolean writes) {
    int fixed = Payload.RegionAccess.BYTES;
    int length = (int) data.byteSize();
    int payload = fixed + (writes ? length : 0);
    OutboundMessage request = new OutboundMessage(Header.BYTES + payload);
    request.u64(Payload.RegionAccess.OFFSET, offset);
    request.u32(Payload.RegionAccess.REGION, index);
    request.u32(Payload.RegionAccess.COUNT, length);
    if (writes) {
      MemorySegment.copy(data, 0, request.bytes(), Header.BYTES + (long) fixed, length);
    }
    int command = writes ? Command.REGION_WRITE : Command.REGION_READ;
    Reply reply = connection.call(command, request, payload);
    reply.closeDescriptors();
    if (reply.errno() != 0) {
      return reply.errno();
    }
    if (!writes) {
      if (reply.payload().byteSize() != fixed + (long) length) {
        return Errno.EPROTO.number();
      }
      MemorySegment.copy(reply.payload(), fixed, data, 0, length);
    }
    return 0;
  }

  @Override
  public RegionMapping mmap(int index, long offset, long length) {
    RemoteRegion region = region(index);
    MmapRange range = MmapRange.of(id(), offset, length, PAGE_SIZE);
    range.requireMappable(id(), region.info());
    if (!(region.backing() instanceof RegionBacking.Direct)) {
      throw new VfioException(
          Errno.ENODEV, path + ": region " + index + " is reached by message alone");
    }
    return new RemoteMapping(range, range.part(region.backing()), () -> closed);
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
            words(
                SetIrqs.BYTES,
                SetIrqs.BYTES,
                SetIrqs.EVENTFD | SetIrqs.TRIGGER,
                irq.index(),
                start,
                some.size());
        ask(Command.DEVICE_SET_IRQS, request.with(some), SetIrqs.BYTES, 0);
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
    OutboundMessage request = words(SetIrqs.BYTES, SetIrqs.BYTES, SetIrqs.NONE | action, 0, 0, 1);
    ask(Command.DEVICE_SET_IRQS, request, SetIrqs.BYTES, 0);
  }

  @Override
  public synchronized void attach(DmaSpace memory) {
    requireOpen();
    dma.attach(memory);
    boolean offer = !memory.equals(DmaSpace.NONE);
    if (offer && !memoryOffered) {
      offer(0);
      offer(HUGE_WINDOW);
    } else if (!offer && memoryOffered) {
      OutboundMessage request = words(DmaUnmap.BYTES, DmaUnmap.BYTES, DmaUnmap.ALL, 0, 0, 0, 0);
      ask(Command.DMA_UNMAP, request, DmaUnmap.BYTES, 0);
    }
    memoryOffered = offer;
  }

  private void offer(long iova) {
    OutboundMessage request =
        words(DmaMap.BYTES, DmaMap.BYTES, DmaMap.READABLE | DmaMap.WRITABLE, 0, 0);
    request.u64(DmaMap.IOVA, iova);
    request.u64(DmaMap.SIZE, MEMORY);
    ask(Command.DMA_MAP, request, DmaMap.BYTES, 0);
  }

  @Override
  public void reset() {
    requireOpen();
    ask(Command.DEVICE_RESET, new OutboundMessage(Header.BYTES), 0, 0);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    connection.close();
    interrupts.close();
    regions.forEach(RemoteRegion::close);
    stopLoops();
  }

  private void stopLoops() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
  }
}
