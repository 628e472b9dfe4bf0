package org.nvlink2vmm.vmm.nativeio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/** Stream sockets of the UNIX domain: calls of the C library, with the habits of {@link Libc}. */
public final class UnixSocket {
  /** Bytes of a socket's path, its terminating zero not counted (sockaddr_un.sun_path is 108). */
  public static final int MAX_SOCKET_PATH = 107;

  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOCK_NONBLOCK = 0x800;
  private static final int SOCKADDR_UN_BYTES = 110;
  private static final int SHUT_RDWR = 2;

  /** asm-generic/socket.h. */
  private static final int SOL_SOCKET = 1;

  private static final int SO_SNDBUF = 7;
  private static final int ENAMETOOLONG = 36;

  private UnixSocket() {}

  /**
   * A stream socket that is bound to a new file, which only its owner may connect to (mode 0600),
   * and listens; non-blocking.
   *
   * @throws NativeException EADDRINUSE when the file exists, ENAMETOOLONG for a path longer than
   *     {@link #MAX_SOCKET_PATH} bytes, and as socket, bind and listen fail
   */
  public static OwnedFd listen(Path path, int backlog) {
    OwnedFd socket = unixSocket();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = socketAddress(arena, path);
      MemorySegment capture = Downcalls.capture();
      int result =
          (int) Downcalls.BIND.invokeExact(capture, socket.number(), address, SOCKADDR_UN_BYTES);
      Libc.check(Libc.result(capture, result), "bind", path.toString());
      Files.setPosixFilePermissions(
          path, EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
      result = (int) Downcalls.LISTEN.invokeExact(capture, socket.number(), backlog);
      Libc.check(Libc.result(capture, result), "listen", path.toString());
      return socket;
    } catch (Throwable e) {
      socket.close();
      throw Downcalls.unchecked(e);
    }
  }

  /**
   * A non-blocking stream socket that is connected to a listening one.
   *
   * @throws NativeException ENOENT, ECONNREFUSED, EAGAIN when the backlog is full, and as socket
   *     and connect fail
   */
  public static OwnedFd connect(Path path) {
    OwnedFd socket = unixSocket();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = socketAddress(arena, path);
      MemorySegment capture = Downcalls.capture();
      int result =
          (int) Downcalls.CONNECT.invokeExact(capture, socket.number(), address, SOCKADDR_UN_BYTES);
      Libc.check(Libc.result(capture, result), "connect", path.toString());
      return socket;
    } catch (Throwable e) {
      socket.close();
      throw Downcalls.unchecked(e);
    }
  }

  /**
   * The next connection of a listening socket, non-blocking; empty when none waits.
   *
   * @throws NativeException as accept4 fails otherwise; EMFILE among them
   */
  public static Optional<OwnedFd> accept(OwnedFd listener) {
    MemorySegment capture = Downcalls.capture();
    int fd;
    do {
      try {
        fd =
            Libc.result(
                capture,
                (int)
                    Downcalls.ACCEPT4.invokeExact(
                        capture,
                        listener.number(),
                        MemorySegment.NULL,
                        MemorySegment.NULL,
                        SOCK_CLOEXEC | SOCK_NONBLOCK));
      } catch (Throwable e) {
        throw Downcalls.unchecked(e);
      }
    } while (fd == -Libc.EINTR);
    return fd == -Libc.EAGAIN
        ? Optional.empty()
        : Optional.of(new OwnedFd(Libc.check(fd, "accept4", listener.toString())));
  }

  /**
   * Two non-blocking stream sockets, connected to each other.
   *
   * @throws NativeException as socketpair fails
   */
  public static List<OwnedFd> socketPair() {
    MemorySegment capture = Downcalls.capture();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(JAVA_INT, 2);
      int result =
          (int)
              Downcalls.SOCKETPAIR.invokeExact(
                  capture, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
      Libc.check(Libc.result(capture, result), "socketpair", "two sockets");
      return List.of(
          new OwnedFd(pair.getAtIndex(JAVA_INT, 0)), new OwnedFd(pair.getAtIndex(JAVA_INT, 1)));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /**
   * Asks for room for this many unread bytes in a socket (SO_SNDBUF). The kernel gives at most what
   * net.core.wmem_max allows, and twice that for its own keeping of books.
   *
   * @return 0 or the negative of an errno
   */
  public static int sendBuffer(OwnedFd socket, int bytes) {
    MemorySegment capture = Downcalls.capture();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocateFrom(JAVA_INT, bytes);
      return Libc.result(
          capture,
          (int)
              Downcalls.SETSOCKOPT.invokeExact(
                  capture, socket.number(), SOL_SOCKET, SO_SNDBUF, value, Integer.BYTES));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** Ends both directions of a connection; who waits on it wakes up. 0 or a negative errno. */
  public static int shutdown(OwnedFd socket) {
    MemorySegment capture = Downcalls.capture();
    try {
      return Libc.result(
          capture, (int) Downcalls.SHUTDOWN.invokeExact(capture, socket.number(), SHUT_RDWR));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  private static OwnedFd unixSocket() {
    MemorySegment capture = Downcalls.capture();
    try {
      int fd =
          (int)
              Downcalls.SOCKET.invokeExact(
                  capture, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      return new OwnedFd(Libc.check(Libc.result(capture, fd), "socket", "AF_UNIX"));
    } catch (Throwable e) {
      throw Downcalls.unchecked(e);
    }
  }

  /** struct sockaddr_un: the family, then the path with its terminating zero. */
  private static MemorySegment socketAddress(Arena arena, Path path) {
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_SOCKET_PATH) {
      throw new NativeException(
          "bind or connect", ENAMETOOLONG, path + " has " + bytes.length + " bytes of at most 107");
    }
    MemorySegment address = arena.allocate(SOCKADDR_UN_BYTES, Short.BYTES);
    address.set(JAVA_SHORT, 0, (short) AF_UNIX);
    MemorySegment.copy(bytes, 0, address, JAVA_BYTE, Short.BYTES, bytes.length);
    return address;
  }
}
