package org.nvlink2vmm.vmm.cli;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.Supplier;

/** Where {@code vmm serve} tells who connects what it is doing: one JSON document, then the end. */
final class StatusSocket implements AutoCloseable {
  private static final String NAME = "status";

  private final Path path;
  private final ServerSocketChannel listener;

  private StatusSocket(Path path, ServerSocketChannel listener) {
    this.path = path;
    this.listener = listener;
  }

  static StatusSocket listen(Path folder, Supplier<String> document) {
    Path path = folder.resolve(NAME);
    try {
      Files.deleteIfExists(path);
      ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listener.bind(UnixDomainSocketAddress.of(path));
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      StatusSocket socket = new StatusSocket(path, listener);
      Thread.ofPlatform().daemon().name("status").start(() -> socket.answer(document));
      return socket;
    } catch (IOException e) {
      throw new EnvironmentError(path + " cannot be opened: " + e.getMessage());
    }
  }

  /** What the server of a folder answers. */
  static String ask(Path folder) {
    Path path = folder.resolve(NAME);
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      byte[] answer = Channels.newInputStream(channel).readAllBytes();
      return new String(answer, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new EnvironmentError("Nobody serves in " + folder + ": " + e.getMessage());
    }
  }

  private void answer(Supplier<String> document) {
    while (listener.isOpen()) {
      try (SocketChannel client = listener.accept()) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(document.get());
        while (bytes.hasRemaining()) {
          client.write(bytes);
        }
      } catch (IOException _) {
        // The asker has gone, or the server ends.
      }
    }
  }

  @Override
  public void close() {
    remove();
  }

  /** Answers nobody any longer. Idempotent. */
  void remove() {
    try {
      listener.close();
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new EnvironmentError(path + " cannot be deleted: " + e.getMessage());
    }
  }
}
