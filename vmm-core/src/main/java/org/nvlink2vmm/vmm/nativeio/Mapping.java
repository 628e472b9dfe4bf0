package org.nvlink2vmm.vmm.nativeio;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Pages mapped into this process (mmap), unmapped exactly once. Nothing is reserved for them
 * (MAP_NORESERVE): pages cost memory when they are first written.
 *
 * <p>Any thread may touch the segment. After {@link #close()} it throws {@link
 * IllegalStateException}; closing is safe against accesses under way, but who still uses the
 * segment must be ready for that exception.
 */
public final class Mapping implements AutoCloseable {
  /** What may be done with the pages of a mapped file. */
  public enum Protection {
    READ_ONLY(1),
    READ_WRITE(3);

    private final int bits;

    Protection(int bits) {
      this.bits = bits;
    }
  }

  private static final AtomicInteger LIVE = new AtomicInteger();

  private static final int MAP_SHARED = 1;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MADV_DONTNEED = 4;
  private static final int MADV_REMOVE = 9;

  /** The generic number, and the one of arch/powerpc/include/uapi/asm/mman.h. */
  private static final int MAP_NORESERVE =
      System.getProperty("os.arch").startsWith("ppc64") ? 0x40 : 0x4000;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;
  private final int zeroAdvice;
  private boolean open = true;

  private Mapping(int fd, long offset, long size, Protection protection, int flags, String what) {
    if (size <= 0) {
      throw new NativeException("mmap", Libc.EINVAL, what + " of " + size + " bytes");
    }
    long start = map(size, protection.bits, flags | MAP_NORESERVE, fd, offset);
    if (start < 0 && start > -4096) {
      arena.close();
      throw new NativeException(
          "mmap", (int) -start, what + " of 0x" + Long.toHexString(size) + " bytes");
    }
    MemorySegment pages =
        MemorySegment.ofAddress(start).reinterpret(size, arena, mapped -> unmap(start, size));
    this.segment = protection == Protection.READ_ONLY ? pages.asReadOnly() : pages;
    this.zeroAdvice = (flags & MAP_PRIVATE) != 0 ? MADV_DONTNEED : MADV_REMOVE;
    LIVE.incrementAndGet();
  }

  /**
   * Fresh zero pages, private to this process. Reading one that was never written costs no memory.
   *
   * @throws NativeException ENOMEM, EINVAL for a size that is not positive
   */
  public static Mapping anonymous(long size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    return new Mapping(-1, 0, size, Protection.READ_WRITE, flags, "memory");
  }

  /**
   * Part of a file, shared with all who map it. The descriptor may be closed afterwards. For a file
   * in memory, reading a page that was never written does allocate it.
   *
   * @param offset into the file, bytes, a multiple of the page size
   * @throws NativeException EINVAL when the range does not lie in the file, which the kernel would
   *     let pass; EACCES, ENOMEM, ENODEV as mmap fails
   */
  public static Mapping shared(OwnedFd fd, long offset, long size, Protection protection) {
    long fileSize = Libc.fileSize(fd);
    if (offset < 0 || size <= 0 || offset > fileSize - size) {
      throw new NativeException(
          "mmap",
          Libc.EINVAL,
          "0x%x bytes at 0x%x of a file of 0x%x bytes".formatted(size, offset, fileSize));
    }
    return new Mapping(fd.number(), offset, size, protection, MAP_SHARED, "a file");
  }

  /** Mappings that are not closed, in the whole process. For tests of leaks. */
  public static int live() {
    return LIVE.get();
  }

  /** The pages; read-only when they were mapped so. */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Makes all bytes zero and gives the pages back to the system; for a file, in the file too.
   *
   * @throws NativeException EINVAL or EACCES for a file that cannot have holes or that was mapped
   *     read-only
   */
  public void zero() {
    MemorySegment capture = Downcalls.capture();
    try {
      int result =
          (int) Downcalls.MADVISE.invokeExact(capture, segment, segment.byteSize(), zeroAdvice);
      Libc.check(Libc.result(capture, result), "madvise", "dropping pages");
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Unmaps; does nothing the second time. */
  @Override
  public synchronized void close() {
    if (open) {
      arena.close();
      open = false;
      LIVE.decrementAndGet();
    }
  }

  private static long map(long size, int protection, int flags, int fd, long offset) {
    MemorySegment capture = Downcalls.capture();
    try {
      long start =
          (long) Downcalls.MMAP.invokeExact(capture, 0L, size, protection, flags, fd, offset);
      return Libc.result(capture, start);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private static void unmap(long start, long size) {
    MemorySegment capture = Downcalls.capture();
    try {
      int result = (int) Downcalls.MUNMAP.invokeExact(capture, start, size);
      Libc.check(Libc.result(capture, result), "munmap", "0x" + Long.toHexString(start));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }
}
