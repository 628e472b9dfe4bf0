package org.nvlink2vmm.vmm.vfio.state;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.util.List;
import java.util.zip.CRC32C;
import org.nvlink2vmm.vmm.memory.RamBlock;

/** Reads a device's state, piece by piece as it is asked for; see {@link StateFormat}. */
final class SavedState implements ReadableByteChannel {
  /**
   * Memory that one call looks through for pages that are not zero: somebody waits for its answer,
   * and a guest may have filled all memory with zeros. What is not looked at is sent as it is.
   */
  private static final long MOST_LOOKED_AT = 64 << 20;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

  private final DeviceState state;
  private final List<StateRecord> records;
  private final CRC32C sum = new CRC32C();

  /** What is to be handed out next, before any memory. */
  private ByteBuffer pending;

  /** The piece of memory behind what is pending. */
  private long pieceAt;

  private int pieceLeft;

  private int nextRecord;
  private long memoryAt;
  private long memorySent;
  private long lookedAt;
  private boolean ended;
  private boolean open = true;

  SavedState(DeviceState state) {
    this.state = state;
    this.records = state.records();
    this.pending = header();
  }

  private static ByteBuffer room(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private ByteBuffer header() {
    return room(StateFormat.HEADER)
        .putLong(StateFormat.MAGIC)
        .putInt(StateFormat.VERSION)
        .putInt(0)
        .putLong(state.memory().map(RamBlock::size).orElse(0L))
        .put(StateFormat.field(state.kind(), StateFormat.KIND))
        .flip();
  }

  @Override
  public int read(ByteBuffer target) throws ClosedChannelException {
    if (!open) {
      throw new ClosedChannelException();
    }
    int before = target.position();
    lookedAt = 0;
    while (target.hasRemaining() && (hasMore() || advance())) {
      int from = target.position();
      if (pending.hasRemaining()) {
        put(target);
      } else {
        putMemory(target);
      }
      sum.update(target.duplicate().flip().position(from));
    }
    int count = target.position() - before;
    return count == 0 && target.hasRemaining() ? -1 : count;
  }

  private boolean hasMore() {
    return pending.hasRemaining() || pieceLeft > 0;
  }

  private void put(ByteBuffer target) {
    int size = Math.min(pending.remaining(), target.remaining());
    target.put(pending.slice(pending.position(), size));
    pending.position(pending.position() + size);
  }

  private void putMemory(ByteBuffer target) {
    int size = Math.min(pieceLeft, target.remaining());
    target.put(segment().asSlice(pieceAt, size).asByteBuffer());
    pieceAt += size;
    pieceLeft -= size;
  }

  private MemorySegment segment() {
    return state.memory().orElseThrow().segment();
  }

  /** Prepares the next record, piece of memory, or the end; false behind the end. */
  private boolean advance() {
    if (ended) {
      return false;
    }
    if (nextRecord < records.size()) {
      pending = record(records.get(nextRecord));
      nextRecord++;
    } else if (state.memory().isEmpty() || !findPiece(state.memory().get())) {
      ended = true;
      pending =
          prefix(room(StateFormat.PREFIX), StateFormat.END, (int) sum.getValue(), memorySent)
              .flip();
    }
    return true;
  }

  private static ByteBuffer record(StateRecord record) {
    ByteBuffer bytes = room(StateFormat.PREFIX + record.size());
    bytes.putInt(StateFormat.RECORD).putInt(record.size());
    bytes.put(StateFormat.field(record.name(), StateFormat.NAME));
    record.save(bytes.slice().order(ByteOrder.LITTLE_ENDIAN));
    return bytes.rewind();
  }

  private static ByteBuffer prefix(ByteBuffer bytes, int type, int size, long argument) {
    return bytes.putInt(type).putInt(size).putLong(argument);
  }

  /** Finds the next pages that are not zero; touches none that was never touched. */
  private boolean findPiece(RamBlock memory) {
    long size = memory.size();
    long from = memory.nextTouched(memoryAt);
    while (from < size) {
      long end = Math.min(memory.nextUntouched(from), size);
      while (from < end && lookedAt < MOST_LOOKED_AT && isZero(from)) {
        from += StateFormat.PAGE;
        lookedAt += StateFormat.PAGE;
      }
      if (from < end) {
        take(from, end);
        return true;
      }
      from = memory.nextTouched(end);
    }
    memoryAt = size;
    return false;
  }

  private void take(long from, long end) {
    long to = from + StateFormat.PAGE;
    while (to < end && to - from < StateFormat.MOST_PAGES && !isZero(to)) {
      to += StateFormat.PAGE;
    }
    pieceAt = from;
    pieceLeft = (int) (to - from);
    memoryAt = to;
    memorySent += to - from;
    pending = prefix(room(StateFormat.PREFIX), StateFormat.PAGES, pieceLeft, from).flip();
  }

  private boolean isZero(long at) {
    return segment().asSlice(at, StateFormat.PAGE).mismatch(StateFormat.ZEROS) < 0;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() {
    open = false;
    pending = NOTHING;
  }
}
