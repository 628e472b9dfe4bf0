package org.nvlink2vmm.vmm.vfiouser.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A listening socket and the file that leads to it. */
final class SocketFile {
  private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);

  /** Clients that may wait for one to leave. */
  private static final int BACKLOG = 8;

  private static final int EADDRINUSE = 98;
  private static final int ECONNREFUSED = 111;

  private final Path path;
  private final OwnedFd socket;
  private final Object identity;

  private SocketFile(Path path, OwnedFd socket, Object identity) {
    this.path = path;
    this.socket = socket;
    this.identity = identity;
  }

  /**
   * Listens. A socket that nobody listens on, left by a server that was killed, is replaced; any
   * other file is not touched.
   *
   * @throws NativeException EADDRINUSE when the path is taken, ENAMETOOLONG, and others as bind
   *     fails
   */
  static SocketFile listen(Path path) {
    OwnedFd socket;
    try {
      socket = UnixSocket.listen(path, BACKLOG);
    } catch (NativeException e) {
      if (e.errno() != EADDRINUSE || !isStale(path)) {
        throw e;
      }
      LOG.info("{}: replacing a socket that nobody listens on", path);
      delete(path);
      socket = UnixSocket.listen(path, BACKLOG);
    }
    return new SocketFile(path, socket, identity(path));
  }

  private static boolean isStale(Path path) {
    if (!isSocket(path)) {
      return false;
    }
    try {
      UnixSocket.connect(path).close();
      return false;
    } catch (NativeException e) {
      return e.errno() == ECONNREFUSED;
    }
  }

  private static boolean isSocket(Path path) {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .isOther();
    } catch (IOException e) {
      return false;
    }
  }

  OwnedFd socket() {
    return socket;
  }

  Path path() {
    return path;
  }

  /** Deletes the file, unless another server's is there by now. */
  void delete() {
    if (identity.equals(identity(path))) {
      delete(path);
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      LOG.warn("{}: the socket cannot be deleted: {}", path, e.getMessage());
    }
  }

  private static Object identity(Path path) {
    try {
      Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
      return key == null ? path : key;
    } catch (IOException e) {
      return "gone";
    }
  }
}
