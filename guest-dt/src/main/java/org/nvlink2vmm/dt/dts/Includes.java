package org.nvlink2vmm.dt.dts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Opens what a text includes: regular files of the first file's folder and nothing else, so that a
 * text from a stranger cannot show other files' content in its errors.
 */
final class Includes {
  private final Optional<Path> folder;
  private final DtsLimits limits;
  private long textBytes;
  private int files;

  /**
   * @param folder the folder of the text; empty for a text from elsewhere, which can include none
   */
  Includes(Optional<Path> folder, DtsLimits limits) {
    this.folder = folder;
    this.limits = limits;
  }

  /** The text that starts it all: counts, but is no include. */
  Source first(String file, byte[] text) {
    count(text.length, new Position(file, 1, 1));
    return new Source(file, text);
  }

  Source open(String name, Position where, int depth) {
    if (depth > limits.includeDepth()) {
      throw new DtsException(
          where, "Includes are more than " + limits.includeDepth() + " deep inside one another");
    }
    return new Source(name, bytes(name, where));
  }

  /** Content of a file of the same folder. */
  byte[] bytes(String name, Position where) {
    files++;
    if (files > limits.includes()) {
      throw new DtsException(where, "More than " + limits.includes() + " files are included");
    }
    Path file = locate(name, where);
    long most = Math.min(limits.textBytes() - textBytes, Integer.MAX_VALUE - 16) + 1;
    try (InputStream in = Files.newInputStream(file)) {
      byte[] text = in.readNBytes((int) most);
      count(text.length, where);
      return text;
    } catch (IOException e) {
      throw new DtsException(where, "File '" + name + "' cannot be read: " + e.getMessage());
    }
  }

  private Path locate(String name, Position where) {
    Path home =
        folder.orElseThrow(
            () -> new DtsException(where, "Found an include in a text that is in no folder"));
    try {
      Path path = Path.of(name);
      if (name.isEmpty() || path.getNameCount() != 1 || path.isAbsolute() || name.equals("..")) {
        throw new DtsException(
            where, "Found '" + name + "', expected the name of a file in the same folder");
      }
      Path file = home.resolve(path).toRealPath();
      if (!file.getParent().equals(home.toRealPath()) || !Files.isRegularFile(file)) {
        throw new DtsException(where, "'" + name + "' is not a regular file of the same folder");
      }
      return file;
    } catch (InvalidPathException e) {
      throw new DtsException(where, "'" + name + "' is no file name: " + e.getReason());
    } catch (IOException _) {
      throw new DtsException(where, "Found no file '" + name + "' in the folder of the text");
    }
  }

  private void count(int bytes, Position where) {
    textBytes += bytes;
    if (textBytes > limits.textBytes()) {
      throw new DtsException(
          where, "The text with its includes has more than " + limits.textBytes() + " bytes");
    }
  }
}
