package org.nvlink2vmm.dt.powernv;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.dts.DtsReader;
import org.nvlink2vmm.dt.tree.DeviceTree;

/**
 * The host trees that come along: IBM Power System AC922 ("Witherspoon") with four GPUs of three
 * links, or six GPUs of two links, to their processors.
 *
 * <p>Written from facts of skiboot and of a public boot log, not dumped from a machine; what is
 * illustrative is marked in the sources beside the classes.
 */
public final class BuiltinHostTrees {
  private static final String FOLDER = "/org/nvlink2vmm/dt/host/";
  private static final List<String> NAMES = List.of("witherspoon-4gpu", "witherspoon-6gpu");

  private BuiltinHostTrees() {}

  /** The names that {@link #load} knows. */
  public static List<String> names() {
    return NAMES;
  }

  /** A fresh copy of a tree, which may be changed; empty for a name that is not built in. */
  public static Optional<DeviceTree> load(String name) {
    return NAMES.contains(name) ? Optional.of(read(name + ".dts")) : Optional.empty();
  }

  private static DeviceTree read(String file) {
    try (InputStream in = BuiltinHostTrees.class.getResourceAsStream(FOLDER + file)) {
      if (in == null) {
        throw new IllegalStateException(FOLDER + file + " is missing from the jar");
      }
      return DtsReader.read(file, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
