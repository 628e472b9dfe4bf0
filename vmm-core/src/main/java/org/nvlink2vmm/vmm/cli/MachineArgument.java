package org.nvlink2vmm.vmm.cli;

import java.util.function.UnaryOperator;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.machine.BuiltinMachines;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.MachineFile;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import picocli.CommandLine.Parameters;

/** The machine that a command works on. */
final class MachineArgument {
  @Parameters(
      paramLabel = "MACHINE",
      description =
          "A built-in machine (witherspoon-4gpu, witherspoon-6gpu) or a .json/.yaml file.")
  private String machine;

  /** Builds the machine and remarks on what was remarked while it was built. */
  Machine build(Common common) {
    return build(common, UnaryOperator.identity(), VfioPciTrace.NO_TEXT);
  }

  /**
   * As {@link #build(Common)}.
   *
   * @param change what the command's options change in the file
   * @param trace the host kernel's tracepoints
   */
  Machine build(Common common, UnaryOperator<MachineFile> change, VfioPciTrace trace) {
    PluginCatalogue plugins = PluginCatalogue.installed();
    MachineFile file = change.apply(BuiltinMachines.readOrBuiltin(machine, plugins));
    Machine built = Machine.build(file, plugins, trace);
    built.messages().forEach(common::remark);
    return built;
  }
}
