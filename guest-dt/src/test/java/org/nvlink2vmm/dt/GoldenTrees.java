package org.nvlink2vmm.dt;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The trees that QEMU's own code wrote, in the test resources: blob, dtc's text, description. */
public final class GoldenTrees {
  private GoldenTrees() {}

  /** Names of the cases that have a tree (the others are refused by QEMU). */
  public static List<String> names() {
    try (Stream<Path> files = Files.list(folder())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".dtb"))
          .map(name -> name.substring(0, name.length() - 4))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  public static byte[] blob(String name) throws IOException {
    return Files.readAllBytes(folder().resolve(name + ".dtb"));
  }

  public static String text(String name) throws IOException {
    return Files.readString(folder().resolve(name + ".dts"));
  }

  public static Path folder() {
    URL url =
        Objects.requireNonNull(
            GoldenTrees.class.getResource("/golden/full-a.dtb"), "golden/full-a.dtb");
    try {
      return Path.of(url.toURI()).getParent();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
