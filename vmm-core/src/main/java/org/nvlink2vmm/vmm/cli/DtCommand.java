package org.nvlink2vmm.vmm.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.nvlink2vmm.dt.dts.DtsWriter;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vmm dt}. */
@Command(
    name = "dt",
    description = "Writes the guest device tree of a machine.",
    footer = {"", "Example: vmm dt witherspoon-6gpu -f dtb -o guest.dtb"})
final class DtCommand implements Callable<Integer> {
  /** Forms of a tree. */
  enum Format {
    DTS,
    DTB,
    JSON
  }

  @Mixin private Common common;
  @Mixin private MachineArgument machine;

  @Option(
      names = "-f",
      paramLabel = "FORMAT",
      description = "dts (default), dtb or json.",
      defaultValue = "dts",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
  private Format format;

  @Option(names = "-o", paramLabel = "FILE", description = "Write there, not to standard output.")
  private Path file;

  @Override
  public Integer call() {
    try (Machine built = machine.build(common)) {
      DeviceTree tree = built.spapr().tree(SpaprMachine.Boot.NONE);
      Output.write(Optional.ofNullable(file), bytes(tree));
      return ExitStatus.of(built.failures().isEmpty()).code();
    }
  }

  private byte[] bytes(DeviceTree tree) {
    return switch (format) {
      case DTS -> DtsWriter.text(tree).getBytes(StandardCharsets.UTF_8);
      case DTB -> FdtWriter.bytes(tree);
      case JSON -> (Json.text(TreeJson.of(tree)) + "\n").getBytes(StandardCharsets.UTF_8);
    };
  }
}
