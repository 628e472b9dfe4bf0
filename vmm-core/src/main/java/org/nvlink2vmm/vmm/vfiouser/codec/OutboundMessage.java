package org.nvlink2vmm.vmm.vfiouser.codec;

import io.netty.util.AbstractReferenceCounted;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * A message on its way out. Reference counted so that its writer sees when the channel has let go
 * of it and can use it again: a count of 1 means that only the writer holds it.
 */
public final class OutboundMessage extends AbstractReferenceCounted {
  private MemorySegment bytes;
  private List<OwnedFd> descriptors = List.of();
  private int size;
  private int sent;

  /** The whole message as a slice, kept since messages of one size tend to follow each other. */
  private MemorySegment whole = MemorySegment.NULL;

  /**
   * @param capacity bytes, header included
   */
  public OutboundMessage(int capacity) {
    bytes = Arena.ofAuto().allocate(capacity, Long.BYTES);
  }

  /** Makes it empty and at least so large, header included. */
  public OutboundMessage clear(int capacity) {
    if (bytes.byteSize() < capacity) {
      bytes = Arena.ofAuto().allocate(capacity, Long.BYTES);
      whole = MemorySegment.NULL;
    }
    descriptors = List.of();
    size = 0;
    sent = 0;
    return this;
  }

  /** Writes the header in front of {@code payload} bytes that are there already. */
  public OutboundMessage seal(int id, int command, int flags, int errorNumber, int payload) {
    size = Header.BYTES + payload;
    Header.write(bytes, id, command, size, flags, errorNumber);
    return this;
  }

  public MemorySegment bytes() {
    return bytes;
  }

  public int size() {
    return size;
  }

  /** Descriptors that go with the first byte. They stay their owner's, who keeps them open. */
  public List<OwnedFd> descriptors() {
    return descriptors;
  }

  public OutboundMessage with(OwnedFd descriptor) {
    descriptors = List.of(descriptor);
    return this;
  }

  public OutboundMessage with(List<OwnedFd> several) {
    descriptors = List.copyOf(several);
    return this;
  }

  /** How many bytes the kernel took already. */
  public int sent() {
    return sent;
  }

  /** What the kernel did not take yet. */
  public MemorySegment unsent() {
    if (sent > 0) {
      return bytes.asSlice(sent, size - (long) sent);
    }
    if (whole.byteSize() != size) {
      whole = bytes.asSlice(0, size);
    }
    return whole;
  }

  public boolean isSent() {
    return sent == size;
  }

  public void progress(int more) {
    sent += more;
  }

  public void u16(int offset, int value) {
    Wire.u16(bytes, Header.BYTES + (long) offset, value);
  }

  /** Sets a field of the payload. */
  public void u32(int offset, int value) {
    Wire.u32(bytes, Header.BYTES + (long) offset, value);
  }

  /** Sets a field of the payload. */
  public void u64(int offset, long value) {
    Wire.u64(bytes, Header.BYTES + (long) offset, value);
  }

  @Override
  protected void deallocate() {
    descriptors = List.of();
  }

  @Override
  public OutboundMessage touch(Object hint) {
    return this;
  }
}
