package org.nvlink2vmm.dt.dts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.nvlink2vmm.dt.tree.DeviceTree;

/**
 * Reads device tree source as dtc does: labels, references in cells (phandles, numbered upward from
 * 1 where a node has none) and outside (paths), {@code /memreserve/}, {@code /bits/}, byte strings,
 * C escapes, characters and expressions, {@code /delete-node/}, {@code /delete-property/}, {@code
 * /omit-if-no-ref/}, {@code /include/}, {@code /incbin/}, root blocks and nodes by reference laid
 * upon what is there, line marks of the C preprocessor.
 *
 * <p>Differences from dtc: files are included from the folder of the text only; a {@code name}
 * property is kept where dtc drops one that repeats the node's name; phandles and the form of names
 * are not judged, that is for checks of the tree; {@code /plugin/} is refused; a node that is
 * deleted and made anew does not remember the order of its former members.
 */
public final class DtsReader {
  private DtsReader() {}

  /** Reads a file within {@link DtsLimits#DEFAULT}. See {@link #read(Path, DtsLimits)}. */
  public static DeviceTree read(Path file) throws IOException {
    return read(file, DtsLimits.DEFAULT);
  }

  /**
   * Reads a file, and what it includes from its folder.
   *
   * @throws DtsException when it is no sound text or exceeds {@code limits}
   * @throws IOException when {@code file} itself cannot be read
   */
  public static DeviceTree read(Path file, DtsLimits limits) throws IOException {
    byte[] text;
    try (InputStream in = Files.newInputStream(file)) {
      text = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 16, limits.textBytes() + 1));
    }
    Path folder = file.toAbsolutePath().getParent();
    return read(file.toString(), text, new Includes(Optional.ofNullable(folder), limits), limits);
  }

  /**
   * Reads a text within {@link DtsLimits#DEFAULT}. See {@link #read(String, byte[], DtsLimits)}.
   */
  public static DeviceTree read(String file, String text) {
    return read(file, text.getBytes(StandardCharsets.UTF_8), DtsLimits.DEFAULT);
  }

  /**
   * Reads a text that is in no folder: includes are refused.
   *
   * @param file what errors call the text
   * @throws DtsException when it is no sound text or exceeds {@code limits}
   */
  public static DeviceTree read(String file, byte[] text, DtsLimits limits) {
    return read(file, text, new Includes(Optional.empty(), limits), limits);
  }

  private static DeviceTree read(String file, byte[] text, Includes includes, DtsLimits limits) {
    SourceTree tree = new DtsParser(includes.first(file, text), includes, limits).parse();
    return new Resolver(tree, limits).resolve();
  }
}
