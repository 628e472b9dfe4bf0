package org.nvlink2vmm.vmm.nativeio;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Calls of the C library. Descriptors are made close-on-exec. Methods that give a number answer the
 * negative of an errno when they fail and repeat a call that a signal interrupted (EINTR); methods
 * that give an object throw {@link NativeException}.
 */
public final class Libc {
  /** Numbers that callers of the data path compare with (asm-generic/errno-base.h). */
  public static final int EINTR = 4;

  public static final int EAGAIN = 11;
  public static final int EINVAL = 22;
  public static final int EPIPE = 32;
  public static final int ECONNRESET = 104;

  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int F_SETFL = 4;
  private static final int O_NONBLOCK = 0x800;
  private static final int F_ADD_SEALS = 1033;
  private static final int F_SEAL_SEAL = 1;
  private static final int F_SEAL_SHRINK = 2;
  private static final int F_SEAL_GROW = 4;
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int ENXIO = 6;
  private static final int EFD_CLOEXEC = 0x80000;
  private static final int EFD_NONBLOCK = 0x800;

  /** Fields of struct stat and its size: the same on x86-64, aarch64, ppc64le and riscv64. */
  private static final long STAT_DEVICE_OFFSET = 0;

  private static final long STAT_INODE_OFFSET = 8;
  private static final long STAT_SIZE_OFFSET = 48;

  private static final long STAT_BYTES = 144;

  private Libc() {}

  /**
   * A file in memory of the given size; sparse, so that only written pages cost anything.
   *
   * @param name for people, in /proc/self/maps
   * @param size bytes
   * @throws NativeException as memfd_create and ftruncate fail
   */
  public static OwnedFd memfd(String name, long size) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(name);
      OwnedFd fd = new OwnedFd(check(memfdCreate(text), "memfd_create", name));
      int result = truncate(fd.number(), size);
      if (result < 0) {
        fd.close();
        throw new NativeException(
            "ftruncate", -result, name + " to 0x" + Long.toHexString(size) + " bytes");
      }
      return fd;
    }
  }

  /**
   * Makes a file in memory keep its size, whoever gets its descriptor: nobody can cut it short and
   * so make a touch of it fail (SIGBUS).
   *
   * @throws NativeException as fcntl fails with F_ADD_SEALS
   */
  public static void sealSize(OwnedFd memfd) {
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    check(control(memfd.number(), F_ADD_SEALS, seals), "fcntl", "sealing the size of a file");
  }

  /**
   * The size of a file.
   *
   * @throws NativeException as fstat fails
   */
  public static long fileSize(OwnedFd fd) {
    return fileStatus(fd).size();
  }

  /**
   * Which file a descriptor leads to and how large it is.
   *
   * @param device number of the file system
   * @param inode number of the file in it
   * @param size bytes
   */
  public record FileStatus(long device, long inode, long size) {}

  /**
   * Asks for a file's identity and size in one call.
   *
   * @throws NativeException as fstat fails
   */
  public static FileStatus fileStatus(OwnedFd fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stat = arena.allocate(STAT_BYTES, Long.BYTES);
      check(stat(fd.number(), stat), "fstat", fd.toString());
      return new FileStatus(
          stat.get(JAVA_LONG, STAT_DEVICE_OFFSET),
          stat.get(JAVA_LONG, STAT_INODE_OFFSET),
          stat.get(JAVA_LONG, STAT_SIZE_OFFSET));
    }
  }

  /**
   * Where the first data of a sparse file at or behind an offset are (lseek with SEEK_DATA); {@code
   * size} when there are none, or past it.
   *
   * @throws NativeException as lseek fails otherwise
   */
  public static long nextData(OwnedFd fd, long from, long size) {
    return seek(fd, from, SEEK_DATA, size);
  }

  /** Where the first hole at or behind an offset is (SEEK_HOLE); as {@link #nextData}. */
  public static long nextHole(OwnedFd fd, long from, long size) {
    return seek(fd, from, SEEK_HOLE, size);
  }

  private static long seek(OwnedFd fd, long from, int whence, long size) {
    if (from >= size) {
      return size;
    }
    MemorySegment capture = Downcalls.capture();
    try {
      long at =
          result(capture, (long) Downcalls.LSEEK.invokeExact(capture, fd.number(), from, whence));
      if (at < 0 && at != -ENXIO) {
        throw new NativeException("lseek", (int) -at, "looking for data or holes");
      }
      return at < 0 ? size : Math.min(at, size);
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /**
   * Whether a descriptor is an eventfd's: one that a peer sent may be anything, and writing to a
   * pipe or socket of its may wait for ever.
   */
  public static boolean isEventFd(OwnedFd fd) {
    try {
      Path link = Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(fd.number())));
      return link.toString().startsWith("anon_inode:[eventfd");
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Says whether reads and writes of an open file wait (O_NONBLOCK), for all who share it.
   *
   * @throws NativeException as fcntl fails
   */
  public static void blocking(OwnedFd fd, boolean wait) {
    check(control(fd.number(), F_SETFL, wait ? 0 : O_NONBLOCK), "fcntl", "setting flags");
  }

  /** A counter of 0 to wait on (eventfd, non-blocking). */
  static OwnedFd eventfd() {
    MemorySegment capture = Downcalls.capture();
    try {
      int fd = (int) Downcalls.EVENTFD.invokeExact(capture, 0, EFD_CLOEXEC | EFD_NONBLOCK);
      return new OwnedFd(check(result(capture, fd), "eventfd", "a new counter"));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /**
   * Reads up to {@code target.byteSize()} bytes.
   *
   * @return bytes read, 0 at the end, or the negative of an errno
   */
  public static long read(OwnedFd fd, MemorySegment target) {
    MemorySegment capture = Downcalls.capture();
    long result;
    do {
      try {
        result =
            result(
                capture,
                (long) Downcalls.READ.invokeExact(capture, fd.number(), target, target.byteSize()));
      } catch (Throwable e) {
        throw Downcalls.unchecked(e);
      }
    } while (result == -EINTR);
    return result;
  }

  /**
   * Writes up to {@code source.byteSize()} bytes.
   *
   * @return bytes written or the negative of an errno
   */
  public static long write(OwnedFd fd, MemorySegment source) {
    MemorySegment capture = Downcalls.capture();
    long result;
    do {
      try {
        result =
            result(
                capture,
                (long)
                    Downcalls.WRITE.invokeExact(capture, fd.number(), source, source.byteSize()));
      } catch (Throwable e) {
        throw Downcalls.unchecked(e);
      }
    } while (result == -EINTR);
    return result;
  }

  /** The C library's words for an error number; the bare number when it cannot be asked. */
  public static String errorText(int errno) {
    MemorySegment capture = Downcalls.capture();
    try {
      MemorySegment text = (MemorySegment) Downcalls.STRERROR.invokeExact(capture, errno);
      return text.reinterpret(256).getString(0);
    } catch (NativeException e) {
      return "error " + errno;
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  static int close(int fd) {
    MemorySegment capture = Downcalls.capture();
    try {
      return result(capture, (int) Downcalls.CLOSE.invokeExact(capture, fd));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  static int duplicate(int fd) {
    return control(fd, F_DUPFD_CLOEXEC, 0);
  }

  private static int control(int fd, int command, int argument) {
    MemorySegment capture = Downcalls.capture();
    try {
      return result(capture, (int) Downcalls.FCNTL.invokeExact(capture, fd, command, argument));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Gives a result that is not negative, throws for one that is the negative of an errno. */
  static int check(int result, String operation, String details) {
    if (result < 0) {
      throw new NativeException(operation, -result, details);
    }
    return result;
  }

  /** -1 as the negative of errno, anything else as it is. */
  static int result(MemorySegment capture, int result) {
    return result == -1 ? Downcalls.negativeErrno(capture) : result;
  }

  static long result(MemorySegment capture, long result) {
    return result == -1 ? Downcalls.negativeErrno(capture) : result;
  }

  private static int memfdCreate(MemorySegment name) {
    MemorySegment capture = Downcalls.capture();
    try {
      return result(
          capture,
          (int) Downcalls.MEMFD_CREATE.invokeExact(capture, name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private static int truncate(int fd, long size) {
    MemorySegment capture = Downcalls.capture();
    try {
      return result(capture, (int) Downcalls.FTRUNCATE.invokeExact(capture, fd, size));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private static int stat(int fd, MemorySegment stat) {
    MemorySegment capture = Downcalls.capture();
    try {
      return result(capture, (int) Downcalls.FSTAT.invokeExact(capture, fd, stat));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }
}
