package org.nvlink2vmm.vmm.cli;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import org.nvlink2vmm.dt.check.DiffText;
import org.nvlink2vmm.dt.check.Difference;
import org.nvlink2vmm.dt.check.TreeDiff;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.vmm.machine.ConfigError;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vmm diff}. */
@Command(
    name = "diff",
    description = "Compares two device trees by meaning.",
    footer = {"", "Example: vmm diff ours.dtb theirs.dts"})
final class DiffCommand implements Callable<Integer> {
  @Mixin private Common common;

  @Parameters(
      index = "0",
      paramLabel = "A",
      description = "A .dtb or .dts file; - for standard input.")
  private String before;

  @Parameters(
      index = "1",
      paramLabel = "B",
      description = "A .dtb or .dts file; - for standard input.")
  private String after;

  @Option(names = "--phandles", description = "Compare phandles as numbers.")
  private boolean phandles;

  @Option(names = "--order", description = "Compare the order of nodes, too.")
  private boolean order;

  @Option(names = "--json", description = "One JSON document.")
  private boolean json;

  @Override
  public Integer call() {
    if (before.equals(TreeArgument.STANDARD_INPUT) && after.equals(before)) {
      throw new ConfigError("A and B", "standard input twice", "at most one -");
    }
    DeviceTree first = TreeArgument.read(before);
    DeviceTree second = TreeArgument.read(after);
    List<Difference> differences = TreeDiff.between(first, second, options());
    if (json) {
      common.out().println(Json.text(document(differences)));
    } else if (Ansi.AUTO.enabled()) {
      common.out().print(DiffText.coloured(differences));
    } else {
      common.out().print(DiffText.of(differences));
    }
    return ExitStatus.of(differences.isEmpty()).code();
  }

  private TreeDiff.Option[] options() {
    List<TreeDiff.Option> options = new ArrayList<>();
    if (phandles) {
      options.add(TreeDiff.Option.PHANDLES);
    }
    if (order) {
      options.add(TreeDiff.Option.ORDER);
    }
    return options.toArray(new TreeDiff.Option[0]);
  }

  private static ObjectNode document(List<Difference> differences) {
    ObjectNode document = Json.object().put("equal", differences.isEmpty());
    ArrayNode list = document.putArray("differences");
    for (Difference difference : differences) {
      ObjectNode entry = list.addObject().put("path", difference.path());
      switch (difference) {
        case Difference.NodeAdded _ -> entry.put("kind", "node-added");
        case Difference.NodeRemoved _ -> entry.put("kind", "node-removed");
        case Difference.PropertyAdded added ->
            property(entry.put("kind", "property-added"), "after", added.property());
        case Difference.PropertyRemoved removed ->
            property(entry.put("kind", "property-removed"), "before", removed.property());
        case Difference.PropertyChanged changed ->
            entry
                .put("kind", "property-changed")
                .put("property", changed.beforeProperty().name())
                .put("before", hex(changed.beforeProperty()))
                .put("after", hex(changed.afterProperty()))
                .put("beforeText", changed.before())
                .put("afterText", changed.after());
        case Difference.OrderChanged changed -> {
          entry.put("kind", "order-changed");
          changed.before().forEach(entry.putArray("before")::add);
          changed.after().forEach(entry.putArray("after")::add);
        }
        case Difference.ReservationsChanged changed ->
            entry
                .put("kind", "reservations-changed")
                .put("before", changed.before().toString())
                .put("after", changed.after().toString());
      }
    }
    return document;
  }

  private static void property(ObjectNode entry, String side, Property property) {
    entry.put("property", property.name()).put(side, hex(property));
  }

  private static String hex(Property property) {
    return HexFormat.of().formatHex(property.bytes());
  }
}
