package org.nvlink2vmm.vmm.vfiouser.server;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.IoEventLoop;
import java.util.function.Consumer;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.ProtocolException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client: takes its messages in order and answers them. A command gives the size of its reply's
 * payload or the negative of an errno; it is answered at once, by one sendmsg. Everything here runs
 * on the channel's event loop.
 *
 * <p>When the client leaves, however it does, the device is cut off from it and reset.
 */
final class Session extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);

  /** Room for every reply that has a fixed size. */
  private static final int SMALL_REPLY = 256;

  private final VfioDevice device;
  private final SessionCounts counts;
  private final Consumer<Session> onEnd;
  private final InterruptOutputs interrupts;
  private final DmaMappings mappings = new DmaMappings();
  private final DmaMessages dmaMessages;
  private final DmaCommands dma;
  private final ClientMemory memory;
  private final DeviceCommands deviceCommands;
  private final RegionCommands regionCommands;
  private final IrqCommands irqCommands;
  private final Migration migration;
  private final Negotiation negotiation;
  private OutboundMessage reply = new OutboundMessage(SMALL_REPLY);
  private volatile boolean negotiated;
  private boolean ended;

  Session(
      VfioDevice device,
      ServedRegions regions,
      ServerOptions options,
      SessionCounts counts,
      RegionWatch watch,
      Consumer<Session> onEnd) {
    this.device = device;
    this.counts = counts;
    this.onEnd = onEnd;
    interrupts = new InterruptOutputs(device, counts);
    dmaMessages = new DmaMessages(counts);
    dma = new DmaCommands(mappings, options.strictUnmap());
    memory = new ClientMemory(device, mappings, dmaMessages, options.dmaByMessage(), counts);
    deviceCommands = new DeviceCommands(device, regions);
    regionCommands = new RegionCommands(device, regions, memory, counts, watch);
    irqCommands = new IrqCommands(device, interrupts);
    migration = new Migration(device);
    negotiation = new Negotiation(migration.isSupported());
  }

  /** Whether the client has agreed on a version. Any thread. */
  boolean isNegotiated() {
    return negotiated;
  }

  /** Ranges of guest memory that are mapped; a moment old on other threads. */
  int dmaMaps() {
    return mappings.count();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object event) {
    Message message = (Message) event;
    counts.message();
    if (message.isSound() && message.isReply() && dmaMessages.answered(message)) {
      return;
    }
    if (reply.refCnt() > 1) {
      reply.release();
      reply = new OutboundMessage(SMALL_REPLY);
    }
    reply.clear(SMALL_REPLY);
    int result = answer(ctx, message);
    boolean refused = result < 0;
    if (refused) {
      counts.error();
      LOG.debug("{}: {} refused with errno {}", device.id(), message, -result);
    }
    if (message.wantsReply()) {
      int flags = refused ? Header.TYPE_REPLY | Header.ERROR : Header.TYPE_REPLY;
      reply.seal(
          message.id(), message.command(), flags, refused ? -result : 0, Math.max(result, 0));
      var _ = ctx.writeAndFlush(reply.retain(), ctx.voidPromise());
    }
    if (!negotiated) {
      var _ = ctx.close();
    }
  }

  /** Carries a command out. Whatever a device throws becomes an errno; the session goes on. */
  private int answer(ChannelHandlerContext ctx, Message request) {
    if (!request.isSound() || !request.isCommand()) {
      return Failure.EINVAL;
    }
    try {
      if (!negotiated) {
        return request.command() == Command.VERSION ? attach(ctx, request) : Failure.EINVAL;
      }
      return migration.allows(request.command()) ? dispatch(ctx, request) : Failure.EINVAL;
    } catch (VfioException e) {
      LOG.debug("{}: {}: {}", device.id(), request, e.getMessage());
      return -e.errno().number();
    } catch (ProtocolException e) {
      LOG.warn("{}: a client is refused: {}", device.id(), e.getMessage());
      return Failure.EINVAL;
    } catch (RuntimeException | InternalError e) {
      LOG.error("{}: {} failed", device.id(), request, e);
      return Failure.EIO;
    }
  }

  private int attach(ChannelHandlerContext ctx, Message request) throws ProtocolException {
    int payload = negotiation.answer(request, reply);
    migration.limit(negotiation.client().maxDataXferSize());
    dmaMessages.open(ctx.channel(), negotiation.client().maxDataXferSize());
    device.attach(memory);
    device.connect(interrupts);
    negotiated = true;
    LOG.info("{}: a client is attached: {}", device.id(), negotiation.client());
    return payload;
  }

  private int dispatch(ChannelHandlerContext ctx, Message request) {
    return switch (request.command()) {
      case Command.REGION_READ -> regionCommands.read(request, reply);
      case Command.REGION_WRITE -> regionCommands.write(request, reply);
      case Command.REGION_WRITE_MULTI ->
          negotiation.client().writeMultiple()
              ? regionCommands.writeMulti(request, reply)
              : Failure.EINVAL;
      case Command.DMA_MAP -> dma.map(request);
      case Command.DMA_UNMAP -> dma.unmap(request, reply);
      case Command.DEVICE_GET_INFO -> deviceCommands.info(request, reply);
      case Command.DEVICE_GET_REGION_INFO -> deviceCommands.regionInfo(request, reply);
      case Command.DEVICE_GET_REGION_IO_FDS -> deviceCommands.regionIoFds(request, reply);
      case Command.DEVICE_GET_IRQ_INFO -> deviceCommands.irqInfo(request, reply);
      case Command.DEVICE_SET_IRQS ->
          irqCommands.set(request, (IoEventLoop) ctx.channel().eventLoop());
      case Command.DEVICE_RESET -> reset();
      case Command.DEVICE_FEATURE -> migration.feature(request, reply);
      case Command.MIG_DATA_READ -> migration.read(request, reply);
      case Command.MIG_DATA_WRITE -> migration.write(request);
      default -> Failure.EINVAL;
    };
  }

  private int reset() {
    device.reset();
    migration.reset();
    memory.readBusMaster();
    return 0;
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (ended) {
      return;
    }
    ended = true;
    dmaMessages.close();
    try {
      if (negotiated) {
        detach();
      }
    } finally {
      irqCommands.close();
      interrupts.close();
      dma.close();
      reply.release();
      onEnd.accept(this);
    }
  }

  private void detach() {
    device.attach(DmaSpace.NONE);
    device.connect(InterruptSink.NONE);
    try {
      if ((device.info().flags() & DeviceInfo.RESET) != 0) {
        device.reset();
      }
    } catch (VfioException e) {
      LOG.warn("{}: reset after the client left: {}", device.id(), e.getMessage());
    }
    migration.reset();
    LOG.info("{}: the client has left", device.id());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof java.io.IOException) {
      LOG.debug("{}: {}", device.id(), cause.getMessage());
    } else {
      LOG.error("{}: a client's session failed and ends", device.id(), cause);
    }
    var _ = ctx.close();
  }
}
