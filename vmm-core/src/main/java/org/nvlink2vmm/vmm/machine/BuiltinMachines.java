package org.nvlink2vmm.vmm.machine;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.device.PluginCatalogue;

/** Machines that come with the program: a whole host's GPUs, one vPHB for each NPU. */
public final class BuiltinMachines {
  private static final List<String> NAMES = List.of("witherspoon-4gpu", "witherspoon-6gpu");

  private BuiltinMachines() {}

  public static List<String> names() {
    return NAMES;
  }

  /**
   * The machine of a built-in name, else of a file.
   *
   * @throws ConfigError for any fault
   */
  public static MachineFile readOrBuiltin(String name, PluginCatalogue plugins) {
    if (NAMES.contains(name)) {
      return new MachineFile(
          name,
          MachineFile.Guest.DEFAULT,
          Optional.of(new MachineFile.Host(name, HostAbi.LATEST)),
          Optional.empty());
    }
    if (!name.contains("/") && !name.contains(".")) {
      throw new ConfigError(
          "machine", '"' + name + '"', String.join(", ", NAMES) + " or a .json or .yaml file");
    }
    try {
      return MachineFileReader.read(Path.of(name), plugins);
    } catch (InvalidPathException _) {
      throw new ConfigError("machine", "a name that is no path", "a .json or .yaml file");
    }
  }
}
