package org.nvlink2vmm.vmm.cli;

import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.machine.BuiltinMachines;
import org.nvlink2vmm.vmm.machine.MachineFile;
import picocli.CommandLine.Parameters;

/** The machine that a command works on. */
final class MachineArgument {
  @Parameters(
      paramLabel = "MACHINE",
      description =
          "A built-in machine (witherspoon-4gpu, witherspoon-6gpu) or a .json/.yaml file.")
  private String machine;

  String name() {
    return machine;
  }

  MachineFile read(PluginCatalogue plugins) {
    return BuiltinMachines.readOrBuiltin(machine, plugins);
  }
}
