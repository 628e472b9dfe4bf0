package org.nvlink2vmm.vmm.vfio.state;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.nvlink2vmm.vmm.memory.RamBlock;

/**
 * Takes a state that comes from outside, in whatever pieces; see {@link StateFormat}. Records are
 * kept until the channel is closed behind the end, memory goes to its place at once. Anything wrong
 * clears the device and fails this and every later call.
 */
final class RestoredState implements WritableByteChannel {
  private final DeviceState state;
  private final List<StateRecord> records;
  private final ByteBuffer[] bodies;
  private final long memorySize;
  private final CRC32C sum = new CRC32C();

  /** A header or prefix that is being gathered. */
  private final ByteBuffer small =
      ByteBuffer.allocate(StateFormat.HEADER).order(ByteOrder.LITTLE_ENDIAN);

  private Part expected = Part.HEADER;
  private int nextRecord;
  private long memoryAt;
  private long memoryEnd;
  private long memoryReceived;
  private long received;
  private boolean failed;
  private boolean open = true;

  private enum Part {
    HEADER,
    PREFIX,
    RECORD,
    MEMORY,
    NOTHING
  }

  RestoredState(DeviceState state) {
    this.state = state;
    records = state.records();
    bodies = new ByteBuffer[records.size()];
    memorySize = state.memory().map(RamBlock::size).orElse(0L);
    small.limit(StateFormat.HEADER);
    state.clear();
  }

  @Override
  public int write(ByteBuffer source) throws StateException, ClosedChannelException {
    if (!open) {
      throw new ClosedChannelException();
    }
    if (failed) {
      throw new StateException("the state was refused before");
    }
    int size = source.remaining();
    try {
      while (source.hasRemaining()) {
        take(source);
      }
      return size;
    } catch (StateException e) {
      fail();
      throw e;
    }
  }

  private void fail() {
    failed = true;
    Arrays.fill(bodies, null);
    state.clear();
  }

  private void take(ByteBuffer source) throws StateException {
    switch (expected) {
      case HEADER -> {
        if (gather(source, small)) {
          header();
          expectPrefix();
        }
      }
      case PREFIX -> {
        if (gatherPrefix(source)) {
          prefix();
        }
      }
      case RECORD -> {
        ByteBuffer body = bodies[nextRecord];
        if (gather(source, body)) {
          records.get(nextRecord).check(body.flip());
          nextRecord++;
          expectPrefix();
        }
      }
      case MEMORY -> memory(source);
      case NOTHING ->
          throw new StateException(source.remaining() + " bytes follow the end of the state");
    }
  }

  private void expectPrefix() {
    small.clear().limit(StateFormat.PREFIX);
    expected = Part.PREFIX;
  }

  /** Moves bytes, which count for the sum; true when the target is full. */
  private boolean gather(ByteBuffer source, ByteBuffer target) {
    int from = source.position();
    move(source, target);
    sum.update(source.duplicate().limit(source.position()).position(from));
    return !target.hasRemaining();
  }

  /** As {@link #gather}, but the sum, which the end holds, is of what comes before it. */
  private boolean gatherPrefix(ByteBuffer source) {
    move(source, small);
    if (small.hasRemaining()) {
      return false;
    }
    if (small.getInt(0) != StateFormat.END) {
      sum.update(small.duplicate().flip());
    }
    return true;
  }

  private void move(ByteBuffer source, ByteBuffer target) {
    int size = Math.min(source.remaining(), target.remaining());
    target.put(source.slice(source.position(), size));
    source.position(source.position() + size);
    received += size;
  }

  private void header() throws StateException {
    if (small.getLong(0) != StateFormat.MAGIC) {
      throw new StateException("no saved state: magic 0x%016x".formatted(small.getLong(0)));
    }
    if (small.getInt(8) != StateFormat.VERSION || small.getInt(12) != 0) {
      throw new StateException(
          "a state of version %d, expected %d"
              .formatted(Integer.toUnsignedLong(small.getInt(8)), StateFormat.VERSION));
    }
    byte[] kind = new byte[StateFormat.KIND];
    small.get(StateFormat.KIND_AT, kind);
    if (!Arrays.equals(kind, StateFormat.field(state.kind(), StateFormat.KIND))) {
      throw new StateException(
          "the state of a \"%s\", expected \"%s\"".formatted(StateFormat.text(kind), state.kind()));
    }
    if (small.getLong(16) != memorySize) {
      throw new StateException(
          "the state of a device with 0x%x bytes of memory, expected 0x%x"
              .formatted(small.getLong(16), memorySize));
    }
  }

  private void prefix() throws StateException {
    int type = small.getInt(0);
    int size = small.getInt(4);
    long argument = small.getLong(8);
    switch (type) {
      case StateFormat.RECORD -> beginRecord(size);
      case StateFormat.PAGES -> beginMemory(size, argument);
      case StateFormat.END -> end(size, argument);
      default -> throw new StateException("a piece of type 0x%x at byte %d".formatted(type, at()));
    }
  }

  /** Where the prefix began. */
  private long at() {
    return received - StateFormat.PREFIX;
  }

  private void beginRecord(int size) throws StateException {
    byte[] name = new byte[StateFormat.NAME];
    small.get(8, name);
    StateRecord record = nextRecord < records.size() ? records.get(nextRecord) : null;
    if (record == null
        || memoryEnd > 0
        || !Arrays.equals(name, StateFormat.field(record.name(), StateFormat.NAME))) {
      throw new StateException(
          "record \"%s\" at byte %d, expected %s"
              .formatted(
                  StateFormat.text(name),
                  at(),
                  record == null ? "memory or the end" : "\"" + record.name() + "\""));
    }
    if (size != record.size()) {
      throw new StateException(
          "record \"%s\" of %d bytes, expected %d"
              .formatted(record.name(), Integer.toUnsignedLong(size), record.size()));
    }
    bodies[nextRecord] = ByteBuffer.allocate(record.size()).order(ByteOrder.LITTLE_ENDIAN);
    expected = Part.RECORD;
  }

  private void beginMemory(int size, long offset) throws StateException {
    requireAllRecords("memory");
    boolean pages =
        size > 0
            && size <= StateFormat.MOST_PAGES
            && size % StateFormat.PAGE == 0
            && offset % StateFormat.PAGE == 0;
    if (!pages || offset < 0 || offset > memorySize - size) {
      throw new StateException(
          "0x%x bytes of memory at 0x%x, the device has 0x%x".formatted(size, offset, memorySize));
    }
    if (offset < memoryEnd) {
      throw new StateException(
          "memory at 0x%x after memory up to 0x%x".formatted(offset, memoryEnd));
    }
    memoryAt = offset;
    memoryEnd = offset + size;
    memoryReceived += size;
    expected = Part.MEMORY;
  }

  private void requireAllRecords(String found) throws StateException {
    if (nextRecord < records.size()) {
      throw new StateException(
          "%s at byte %d, expected record \"%s\""
              .formatted(found, at(), records.get(nextRecord).name()));
    }
  }

  private void memory(ByteBuffer source) {
    int size = (int) Math.min(source.remaining(), memoryEnd - memoryAt);
    ByteBuffer piece = source.slice(source.position(), size);
    sum.update(piece.duplicate());
    put(MemorySegment.ofBuffer(piece), state.memory().orElseThrow().segment());
    source.position(source.position() + size);
    received += size;
    memoryAt += size;
    if (memoryAt == memoryEnd) {
      expectPrefix();
    }
  }

  /** What is zero is so already, and is not touched. */
  private void put(MemorySegment piece, MemorySegment memory) {
    for (long at = 0; at < piece.byteSize(); at += StateFormat.PAGE) {
      long length = Math.min(StateFormat.PAGE, piece.byteSize() - at);
      MemorySegment part = piece.asSlice(at, length);
      if (part.mismatch(StateFormat.ZEROS.asSlice(0, length)) >= 0) {
        MemorySegment.copy(part, 0, memory, memoryAt + at, length);
      }
    }
  }

  private void end(int crc, long sent) throws StateException {
    requireAllRecords("the end");
    if (crc != (int) sum.getValue()) {
      throw new StateException(
          "checksum 0x%08x, expected 0x%08x".formatted(crc, (int) sum.getValue()));
    }
    if (sent != memoryReceived) {
      throw new StateException(
          "0x%x bytes of memory were announced, 0x%x came".formatted(sent, memoryReceived));
    }
    expected = Part.NOTHING;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() throws StateException {
    if (!open) {
      return;
    }
    open = false;
    if (failed) {
      throw new StateException("the state was refused before");
    }
    if (expected != Part.NOTHING) {
      fail();
      throw new StateException("the state ends after %d bytes".formatted(received));
    }
    for (int i = 0; i < records.size(); i++) {
      records.get(i).restore(bodies[i].rewind());
    }
  }
}
