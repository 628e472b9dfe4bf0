package org.nvlink2vmm.vmm.cli;

import java.nio.file.Path;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.vmm.machine.TreeFile;

/** A tree on the command line: a path, or {@code -} for standard input. */
final class TreeArgument {
  static final String STANDARD_INPUT = "-";

  private TreeArgument() {}

  static DeviceTree read(String name) {
    return name.equals(STANDARD_INPUT)
        ? TreeFile.read("standard input", System.in)
        : TreeFile.read(Path.of(name));
  }
}
