package org.nvlink2vmm.vmm.vfiouser.codec;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Cuts the byte stream into messages. What arrives is a {@link Chunk}; what goes on is a {@link
 * Message}, one at a time and in order, however the bytes were split or joined.
 *
 * <p>Pitfalls, each guarded by a test:
 *
 * <ul>
 *   <li>The kernel joins earlier writes without descriptors to a later one that has some and stops
 *       after it, so descriptors belong to the <em>last</em> message that begins in their chunk:
 *       the one that holds the chunk's last byte. QEMU does this in every boot.
 *   <li>A header may claim what it likes: room grows with the bytes that arrived, never with the
 *       claim.
 *   <li>When the peer does not take its replies, no further message is handed on, also not those
 *       that have arrived already: their replies would pile up.
 *   <li>Sending can change the channel's writability while a message is being handled, and so call
 *       this handler again.
 * </ul>
 */
public final class MessageDecoder extends ChannelInboundHandlerAdapter {
  private static final int INITIAL_ROOM = 4096;

  private final int maxMessage;
  private final int maxDescriptors;
  private final Message message = new Message();
  private final Deque<Arrival> arrivals = new ArrayDeque<>();

  /** Bytes that wait for more, or for the peer to take its replies. */
  private MemorySegment held = MemorySegment.NULL;

  private int heldStart;
  private int heldEnd;

  /** Position in the stream of the first byte that is not decoded. */
  private long decoded;

  private int waitingDescriptors;
  private boolean decoding;
  private boolean paused;
  private boolean removed;

  /** Descriptors and the position in the stream of the byte after their chunk. */
  private record Arrival(long end, Descriptors descriptors) {}

  /**
   * @param maxMessage bytes of the largest message, header included
   * @param maxDescriptors most descriptors that may wait for the end of one message
   */
  public MessageDecoder(int maxMessage, int maxDescriptors) {
    this.maxMessage = maxMessage;
    this.maxDescriptors = maxDescriptors;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object event) {
    Chunk chunk = (Chunk) event;
    if (!accept(ctx, chunk)) {
      return;
    }
    if (heldStart == heldEnd && !decoding) {
      int rest = decode(ctx, chunk.bytes(), 0, chunk.length());
      hold(chunk.bytes(), rest, chunk.length());
    } else {
      hold(chunk.bytes(), 0, chunk.length());
      decodeHeld(ctx);
    }
  }

  /** Keeps the chunk's descriptors for the message that they belong to. */
  private boolean accept(ChannelHandlerContext ctx, Chunk chunk) {
    int count = chunk.descriptors().count();
    if (count == 0) {
      return true;
    }
    waitingDescriptors += count;
    if (removed || waitingDescriptors > maxDescriptors) {
      chunk.descriptors().close();
      var _ = ctx.close();
      return false;
    }
    Descriptors waiting = new Descriptors();
    chunk.descriptors().moveTo(waiting);
    arrivals.add(new Arrival(decoded + (heldEnd - heldStart) + chunk.length(), waiting));
    return true;
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    if (paused && !decoding && ctx.channel().isWritable()) {
      paused = false;
      decodeHeld(ctx);
      if (!paused) {
        ctx.channel().config().setAutoRead(true);
      }
    }
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    release();
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    release();
  }

  private void release() {
    removed = true;
    arrivals.forEach(arrival -> arrival.descriptors().close());
    arrivals.clear();
    heldStart = 0;
    heldEnd = 0;
  }

  private void decodeHeld(ChannelHandlerContext ctx) {
    if (!decoding) {
      int rest = decode(ctx, held, heldStart, heldEnd);
      if (!removed) {
        heldStart = rest;
      }
    }
  }

  /** Hands on every whole message; gives the position of the first byte that was left. */
  private int decode(ChannelHandlerContext ctx, MemorySegment bytes, int from, int to) {
    int at = from;
    decoding = true;
    try {
      while (to - at >= Header.BYTES && !removed) {
        if (!ctx.channel().isWritable()) {
          paused = true;
          ctx.channel().config().setAutoRead(false);
          break;
        }
        int size = Wire.u32(bytes, at + (long) Header.SIZE);
        boolean sound =
            Integer.compareUnsigned(size, Header.BYTES) >= 0
                && Integer.compareUnsigned(size, maxMessage) <= 0;
        int length = sound ? size : Header.BYTES;
        if (to - at < length) {
          break;
        }
        handOn(ctx, message.wrap(bytes, at, length, sound), length);
        at += length;
      }
    } finally {
      decoding = false;
    }
    return at;
  }

  private void handOn(ChannelHandlerContext ctx, Message whole, int length) {
    decoded += length;
    while (!arrivals.isEmpty() && arrivals.getFirst().end() <= decoded) {
      Descriptors arrived = arrivals.removeFirst().descriptors();
      waitingDescriptors -= arrived.count();
      arrived.moveTo(whole.descriptors());
    }
    try {
      ctx.fireChannelRead(whole);
    } finally {
      whole.descriptors().close();
    }
  }

  /** Keeps bytes behind those that are held. */
  private void hold(MemorySegment bytes, int from, int to) {
    int more = to - from;
    if (more == 0 || removed) {
      return;
    }
    int waiting = heldEnd - heldStart;
    if (held.byteSize() < (long) heldEnd + more) {
      makeRoom(waiting, waiting + more);
    }
    MemorySegment.copy(bytes, from, held, heldEnd, more);
    heldEnd += more;
  }

  private void makeRoom(int waiting, int needed) {
    MemorySegment room = held;
    if (held.byteSize() < needed) {
      long capacity = Math.max(INITIAL_ROOM, Math.max(needed, 2 * held.byteSize()));
      room = Arena.ofAuto().allocate(capacity, Long.BYTES);
    }
    MemorySegment.copy(held, heldStart, room, 0, waiting);
    held = room;
    heldStart = 0;
    heldEnd = waiting;
  }
}
