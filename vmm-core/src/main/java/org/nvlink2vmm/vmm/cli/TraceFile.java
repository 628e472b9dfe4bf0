package org.nvlink2vmm.vmm.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;

/** Where the host kernel's tracepoints go as text, one line an event; nowhere without a file. */
final class TraceFile implements AutoCloseable {
  private final Optional<PrintWriter> lines;

  private TraceFile(Optional<PrintWriter> lines) {
    this.lines = lines;
  }

  /**
   * Opens the file.
   *
   * @throws EnvironmentError when it cannot be written
   */
  static TraceFile open(Optional<Path> file) {
    if (file.isEmpty()) {
      return new TraceFile(Optional.empty());
    }
    try {
      return new TraceFile(
          Optional.of(
              new PrintWriter(Files.newBufferedWriter(file.get(), StandardCharsets.UTF_8))));
    } catch (IOException _) {
      throw new EnvironmentError(file.get() + " cannot be written");
    }
  }

  VfioPciTrace tracepoints() {
    return lines.map(out -> new VfioPciTrace(out::println)).orElse(VfioPciTrace.NO_TEXT);
  }

  @Override
  public void close() {
    lines.ifPresent(PrintWriter::close);
  }
}
