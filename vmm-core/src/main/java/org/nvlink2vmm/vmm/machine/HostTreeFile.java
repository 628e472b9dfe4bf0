package org.nvlink2vmm.vmm.machine;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.DeviceTreeException;

/** The host tree that a machine file names. */
final class HostTreeFile {
  private HostTreeFile() {}

  /**
   * @throws ConfigError when there is none, or none that describes a host
   */
  static PowernvTree read(MachineFile machine, String name) {
    DeviceTree tree =
        BuiltinHostTrees.load(name).orElseGet(() -> readFile(path(machine, name), name));
    try {
      return new PowernvTree(tree);
    } catch (DeviceTreeException e) {
      throw new ConfigError(name + ": " + e.getMessage());
    }
  }

  /** Relative to the folder of the machine file, so that the two can be moved together. */
  private static Path path(MachineFile machine, String name) {
    try {
      Path folder = Path.of(machine.name()).getParent();
      return folder == null ? Path.of(name) : folder.resolve(name);
    } catch (InvalidPathException _) {
      throw new ConfigError(machine.name() + ": host.tree", "a name that is no path", "a path");
    }
  }

  private static DeviceTree readFile(Path file, String name) {
    if (!Files.isRegularFile(file)) {
      throw new ConfigError(
          "host.tree",
          '"' + name + "\", which is no file",
          "one of " + String.join(", ", BuiltinHostTrees.names()) + ", or a .dts or .dtb file");
    }
    return TreeFile.read(file);
  }
}
