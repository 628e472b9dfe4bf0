package org.nvlink2vmm.vmm.cli;

import java.util.Optional;
import java.util.concurrent.Callable;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.MachineFile;
import org.nvlink2vmm.vmm.trace.VfioPciTrace;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vmm regions}. */
@Command(
    name = "regions",
    description = "Prints every device's VFIO regions and the bytes of GET_REGION_INFO.",
    footer = {"", "Example: vmm regions witherspoon-6gpu --abi v4"})
final class RegionsCommand implements Callable<Integer> {
  /** VFIO interfaces of host kernels. */
  enum Abi {
    V4,
    MAINLINE
  }

  @Mixin private Common common;
  @Mixin private MachineArgument machine;

  @Option(
      names = "--abi",
      paramLabel = "ABI",
      description = "v4 or mainline, in place of the machine's.")
  private Abi abi;

  @Option(names = "--json", description = "One JSON document.")
  private boolean json;

  @Override
  public Integer call() {
    try (Machine built = machine.build(common, this::withAbi, VfioPciTrace.NO_TEXT)) {
      if (json) {
        common.out().println(Json.text(RegionsReport.json(built)));
      } else {
        RegionsReport.print(built, common.verbose(), common.out());
      }
      return ExitStatus.of(built.failures().isEmpty()).code();
    }
  }

  private MachineFile withAbi(MachineFile file) {
    if (abi == null || file.host().isEmpty()) {
      return file;
    }
    MachineFile.Host host = file.host().get();
    HostAbi wanted =
        switch (abi) {
          case V4 -> HostAbi.V4;
          case MAINLINE -> host.abi().draft() ? HostAbi.LATEST : host.abi();
        };
    return new MachineFile(
        file.name(),
        file.guest(),
        Optional.of(new MachineFile.Host(host.tree(), wanted)),
        file.vphbs());
  }
}
