package org.nvlink2vmm.vmm.memory;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * Bytes for guest RAM or a device's memory: zero at first, off-heap, sparse. A block of 128 GiB
 * costs nothing until it is touched.
 *
 * <p>Two kinds. A <em>private</em> block is seen by this process only; reading a page that was
 * never written costs no memory (the kernel shows its zero page). A <em>shareable</em> block is a
 * file in memory whose descriptor can be given to another process; there the kernel allocates a
 * page on the first read too, so scan one with care.
 *
 * <p>Any thread may touch the segment. The block must leave every address space before it is
 * closed.
 */
public final class RamBlock implements AutoCloseable {
  private final String name;
  private final Mapping mapping;
  private final Optional<OwnedFd> fd;

  private RamBlock(String name, Mapping mapping, Optional<OwnedFd> fd) {
    this.name = name;
    this.mapping = mapping;
    this.fd = fd;
  }

  /**
   * A block for this process only.
   *
   * @param name for people
   * @param size bytes
   * @throws NativeException ENOMEM, EINVAL for a size that is not positive
   */
  public static RamBlock ofPrivate(String name, long size) {
    return new RamBlock(name, Mapping.anonymous(size), Optional.empty());
  }

  /**
   * A block that other processes can map, and none can resize.
   *
   * @param name for people; also in /proc/self/maps
   * @param size bytes
   * @throws NativeException ENOMEM, EFBIG, EINVAL for a size that is not positive
   */
  public static RamBlock ofShareable(String name, long size) {
    OwnedFd fd = Libc.memfd(name, size);
    try {
      Libc.sealSize(fd);
      Mapping mapping = Mapping.shared(fd, 0, size, Mapping.Protection.READ_WRITE);
      return new RamBlock(name, mapping, Optional.of(fd));
    } catch (NativeException e) {
      fd.close();
      throw e;
    }
  }

  public String name() {
    return name;
  }

  /** Bytes. */
  public long size() {
    return mapping.segment().byteSize();
  }

  /** All bytes of the block; {@link IllegalStateException} from it once the block is closed. */
  public MemorySegment segment() {
    return mapping.segment();
  }

  /** The file behind a shareable block, whose offset 0 is the segment's. The block closes it. */
  public Optional<OwnedFd> fd() {
    return fd;
  }

  /**
   * The first byte at or behind {@code from} that may have been touched, so that memory can be
   * looked through without allocating it; {@link #size()} for none. Of a private block every byte
   * may have been.
   */
  public long nextTouched(long from) {
    return fd.map(file -> Libc.nextData(file, from, size())).orElse(Math.min(from, size()));
  }

  /** The first byte at or behind {@code from} that was never touched; {@link #size()} for none. */
  public long nextUntouched(long from) {
    return fd.map(file -> Libc.nextHole(file, from, size())).orElse(size());
  }

  /** Makes all bytes zero and gives their pages back. */
  public void zero() {
    mapping.zero();
  }

  /** Gives the memory back; idempotent. */
  @Override
  public void close() {
    mapping.close();
    fd.ifPresent(OwnedFd::close);
  }

  @Override
  public String toString() {
    return name + " (0x" + Long.toHexString(size()) + " bytes)";
  }
}
