package org.nvlink2vmm.dt;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** The built-in host trees as their text. */
public final class HostTrees {
  private HostTrees() {}

  public static List<String> names() {
    return List.of("witherspoon-4gpu", "witherspoon-6gpu");
  }

  public static byte[] text(String name) throws IOException {
    String resource = "/org/nvlink2vmm/dt/host/" + name + ".dts";
    try (InputStream in = HostTrees.class.getResourceAsStream(resource)) {
      return in.readAllBytes();
    }
  }
}
