package org.nvlink2vmm.it.differential;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A process that serves {@code reference_device.c} with libvfio-user. */
final class ReferenceServer implements AutoCloseable {
  private static final long LIMIT_SECONDS = 60;

  private final Process process;
  private final Path socket;

  private ReferenceServer(Process process, Path socket) {
    this.process = process;
    this.socket = socket;
  }

  /**
   * A tree of the library that was built: from {@code -Dlibvfio-user.dir} or LIBVFIO_USER_DIR. It
   * has {@code include/libvfio-user.h} and, at any depth, {@code libvfio-user.so}.
   */
  static Optional<Path> library() {
    String folder = System.getProperty("libvfio-user.dir", System.getenv("LIBVFIO_USER_DIR"));
    return Optional.ofNullable(folder)
        .map(Path::of)
        .filter(path -> Files.exists(path.resolve("include/libvfio-user.h")))
        .filter(path -> sharedObject(path).isPresent());
  }

  private static Optional<Path> sharedObject(Path library) {
    try (Stream<Path> files =
        Files.find(library, 4, (path, _) -> path.endsWith("libvfio-user.so"))) {
      return files.findFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Compiles the device and serves it. */
  static ReferenceServer start(Path library, Path work) throws IOException, InterruptedException {
    Path source = work.resolve("reference_device.c");
    try (InputStream text = ReferenceServer.class.getResourceAsStream("reference_device.c")) {
      Files.copy(text, source);
    }
    Path folder = sharedObject(library).orElseThrow().toAbsolutePath().getParent();
    Path program = work.resolve("reference_device");
    run(
        work,
        "gcc",
        "-Wall",
        "-O1",
        "-I" + library.resolve("include"),
        source.toString(),
        "-L" + folder,
        "-lvfio-user",
        "-Wl,-rpath," + folder,
        "-o",
        program.toString());
    Path socket = work.resolve("library.sock");
    Process process = new ProcessBuilder(program.toString(), socket.toString()).inheritIO().start();
    ReferenceServer server = new ReferenceServer(process, socket);
    for (int i = 0; !Files.exists(socket) && process.isAlive() && i < 1000; i++) {
      Thread.sleep(10);
    }
    return server;
  }

  private static void run(Path work, String... command) throws IOException, InterruptedException {
    Path output = work.resolve("compiler.txt");
    Process process =
        new ProcessBuilder(List.of(command))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new AssertionError(Files.readString(output));
    }
  }

  Path socket() {
    if (!process.isAlive()) {
      throw new AssertionError("The library's server ended with " + process.exitValue());
    }
    return socket;
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
