package org.nvlink2vmm.vmm.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.nvlink2vmm.vmm.machine.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code vmm topology}. */
@Command(
    name = "topology",
    description = "Draws GPUs, bridges, links, NUMA nodes and windows of a machine.",
    footer = {"", "Example: vmm topology witherspoon-6gpu -f svg -o gpus.svg"})
final class TopologyCommand implements Callable<Integer> {
  /** Forms of the picture. */
  enum Format {
    TEXT,
    DOT,
    SVG
  }

  @Mixin private Common common;
  @Mixin private MachineArgument machine;

  @Option(
      names = "-f",
      paramLabel = "FORMAT",
      description = "text (default), dot or svg.",
      defaultValue = "text",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
  private Format format;

  @Option(names = "-o", paramLabel = "FILE", description = "Write there, not to standard output.")
  private Path file;

  @Override
  public Integer call() {
    try (Machine built = machine.build(common)) {
      Topology topology = Topology.of(built);
      String picture =
          switch (format) {
            case TEXT -> TopologyText.of(topology);
            case DOT -> TopologyDot.of(topology);
            case SVG -> TopologySvg.of(topology);
          };
      Output.write(Optional.ofNullable(file), picture.getBytes(StandardCharsets.UTF_8));
      return ExitStatus.of(built.failures().isEmpty()).code();
    }
  }
}
