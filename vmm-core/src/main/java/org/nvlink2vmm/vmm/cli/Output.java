package org.nvlink2vmm.vmm.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** Where a document goes: a file, which then has all of it or is left alone; or standard output. */
final class Output {
  private Output() {}

  /**
   * @throws EnvironmentError when the file cannot be written
   */
  static void write(Optional<Path> file, byte[] content) {
    if (file.isEmpty()) {
      PrintStream out = System.out;
      out.write(content, 0, content.length);
      out.flush();
      if (out.checkError()) {
        throw new EnvironmentError("Standard output cannot be written");
      }
      return;
    }
    Path target = file.get().toAbsolutePath();
    Path unfinished = target.resolveSibling(target.getFileName() + ".unfinished");
    try {
      Files.write(unfinished, content);
      Files.move(unfinished, target, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      discard(unfinished);
      throw new EnvironmentError(file.get() + " cannot be written: " + e.getMessage());
    }
  }

  private static void discard(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException _) {
      // The message about the write says enough.
    }
  }
}
