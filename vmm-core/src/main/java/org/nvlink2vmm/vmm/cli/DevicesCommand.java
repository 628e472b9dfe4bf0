package org.nvlink2vmm.vmm.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import org.nvlink2vmm.vmm.device.DeviceOption;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vmm devices}. */
@Command(
    name = "devices",
    description = "Lists the device plug-ins with their options.",
    footer = {"", "Example: vmm devices"})
final class DevicesCommand implements Callable<Integer> {
  @Mixin private Common common;

  @Option(names = "--json", description = "One JSON document.")
  private boolean json;

  @Override
  public Integer call() {
    PluginCatalogue plugins = PluginCatalogue.installed();
    if (json) {
      common.out().println(Json.text(document(plugins)));
    } else {
      plugins.plugins().forEach(this::print);
    }
    return ExitStatus.GOOD.code();
  }

  private void print(DevicePlugin plugin) {
    common.out().println(plugin.name() + " - " + plugin.description());
    for (DeviceOption option : plugin.options()) {
      common
          .out()
          .printf(
              "  %-12s %-8s %-22s %s%n",
              option.scope() == DeviceOption.Scope.DESCRIPTION
                  ? "vfio." + option.name()
                  : option.name(),
              kind(option),
              option.required()
                  ? "required"
                  : option.defaultValue().map(value -> "default " + value).orElse("optional"),
              option.description());
    }
  }

  private static ObjectNode document(PluginCatalogue plugins) {
    ObjectNode document = Json.object();
    ArrayNode list = document.putArray("devices");
    for (DevicePlugin plugin : plugins.plugins()) {
      ObjectNode entry =
          list.addObject()
              .put("name", plugin.name())
              .put("description", plugin.description())
              .put("class", plugin.getClass().getName());
      ArrayNode options = entry.putArray("options");
      for (DeviceOption option : plugin.options()) {
        ObjectNode fields =
            options
                .addObject()
                .put("name", option.name())
                .put("scope", option.scope() == DeviceOption.Scope.DESCRIPTION ? "vfio" : "device")
                .put("type", kind(option))
                .put("required", option.required())
                .put("description", option.description());
        option.defaultValue().ifPresent(value -> fields.put("default", value));
      }
    }
    return document;
  }

  private static String kind(DeviceOption option) {
    return option.kind().name().toLowerCase(Locale.ROOT);
  }
}
