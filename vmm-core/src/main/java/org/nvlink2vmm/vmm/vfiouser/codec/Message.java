package org.nvlink2vmm.vmm.vfiouser.codec;

import java.lang.foreign.MemorySegment;

/**
 * A whole message as it lies in the receive buffer. The decoder uses one again and again, so it is
 * valid only until the handler returns. Reading a field past the message's end is the reader's
 * mistake: {@link #payload()} says how far it goes.
 */
public final class Message {
  private final Descriptors descriptors = new Descriptors();
  private MemorySegment bytes = MemorySegment.NULL;
  private int start;
  private int size;
  private boolean sound;

  Message wrap(MemorySegment segment, int from, int length, boolean isSound) {
    bytes = segment;
    start = from;
    size = length;
    sound = isSound;
    return this;
  }

  /**
   * Whether {@code msg_size} is one that a message can have. If not, this is a header alone and the
   * bytes behind it are taken for the next one.
   */
  public boolean isSound() {
    return sound;
  }

  public int id() {
    return Wire.u16(bytes, start + (long) Header.ID);
  }

  public int command() {
    return Wire.u16(bytes, start + (long) Header.COMMAND);
  }

  public int flags() {
    return Wire.u32(bytes, start + (long) Header.FLAGS);
  }

  public boolean isCommand() {
    return (flags() & Header.TYPE) == Header.TYPE_COMMAND;
  }

  public boolean isReply() {
    return (flags() & Header.TYPE) == Header.TYPE_REPLY;
  }

  public boolean wantsReply() {
    return (flags() & Header.NO_REPLY) == 0;
  }

  /** The errno of a failed reply, 0 for one that did not fail; a failure without number is EIO. */
  public int errorNumber() {
    if ((flags() & Header.ERROR) == 0) {
      return 0;
    }
    int number = Wire.u32(bytes, start + (long) Header.ERROR_NUMBER);
    return number == 0 ? 5 : number;
  }

  /** Bytes after the header. */
  public int payload() {
    return size - Header.BYTES;
  }

  /** The segment that holds the message, and more than it. */
  public MemorySegment bytes() {
    return bytes;
  }

  /** Where byte {@code offset} of the payload lies in {@link #bytes()}. */
  public int position(int offset) {
    return start + Header.BYTES + offset;
  }

  public int u8(int offset) {
    return Wire.u8(bytes, position(offset));
  }

  public int u16(int offset) {
    return Wire.u16(bytes, position(offset));
  }

  public int u32(int offset) {
    return Wire.u32(bytes, position(offset));
  }

  public long u64(int offset) {
    return Wire.u64(bytes, position(offset));
  }

  /** Those that came with this message. The decoder closes what the handler leaves. */
  public Descriptors descriptors() {
    return descriptors;
  }

  @Override
  public String toString() {
    return Command.name(command()) + " id " + id() + ", " + payload() + " bytes of payload";
  }
}
