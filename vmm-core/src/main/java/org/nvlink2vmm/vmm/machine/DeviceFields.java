package org.nvlink2vmm.vmm.machine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.device.DeviceOption;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.DevicePlugin;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.machine.MachineFile.Device;
import org.nvlink2vmm.vmm.machine.MachineFile.Source;
import org.nvlink2vmm.vmm.machine.MachineFile.Vphb;

/** Reads the devices of a machine file and gives names to those that have none. */
final class DeviceFields {
  /** The plug-in name of PCI bridges, which the core itself has. */
  static final String PCI_BRIDGE = "pci-bridge";

  private static final int MAX_BRIDGE_DEPTH = 8;
  private static final int MAX_DEVICES = 4096;

  private final PluginCatalogue plugins;
  private final boolean withHost;
  private final Map<HostBdf, String> placeByFunction = new HashMap<>();
  private final Map<String, String> placeById = new HashMap<>();
  private int count;

  DeviceFields(PluginCatalogue plugins, boolean withHost) {
    this.plugins = plugins;
    this.withHost = withHost;
  }

  /** The devices of a bus; those without an id have an empty one until {@link #named}. */
  List<Device> onBus(Fields bus) {
    return onBus(bus, 0);
  }

  private List<Device> onBus(Fields bus, int depth) {
    Map<Integer, String> placeByDevfn = new HashMap<>();
    List<Device> devices = new ArrayList<>();
    for (Fields fields : bus.objects("devices").orElse(List.of())) {
      if (++count > MAX_DEVICES) {
        throw new ConfigError(fields.place(), "a device too many", "at most " + MAX_DEVICES);
      }
      Device device = device(fields, depth);
      String other =
          placeByDevfn.putIfAbsent(device.slot() << 3 | device.function(), fields.place());
      if (other != null) {
        throw fields.error(
            "slot", device.slot() + "." + device.function() + ", as " + other, "a free place");
      }
      devices.add(device);
    }
    return devices;
  }

  private Device device(Fields fields, int depth) {
    int slot = fields.requiredNumber("slot", 0, 31);
    int function = fields.number("function", 0, 7, 0);
    String kind = fields.requiredText("device");
    String id = fields.text("id").map(text -> checkedId(fields, text)).orElse("");
    if (kind.equals(PCI_BRIDGE)) {
      return bridge(fields, id, slot, function, depth);
    }
    DevicePlugin plugin =
        plugins
            .find(kind)
            .orElseThrow(
                () ->
                    fields.error(
                        "device",
                        '"' + kind + '"',
                        "one of " + String.join(", ", plugins.names()) + ", " + PCI_BRIDGE));
    Source source = source(fields, plugin);
    DeviceOptions options = options(fields, plugin, DeviceOption.Scope.DEVICE);
    fields.end();
    return new Device(fields.place(), id, slot, function, kind, options, source);
  }

  private Device bridge(Fields fields, String id, int slot, int function, int depth) {
    if (depth == MAX_BRIDGE_DEPTH) {
      throw new ConfigError(
          fields.place(), "a bridge behind " + depth + " others", "at most " + MAX_BRIDGE_DEPTH);
    }
    Source source = new Source.BridgeTo(onBus(fields, depth + 1));
    fields.end();
    return new Device(
        fields.place(), id, slot, function, PCI_BRIDGE, DeviceOptions.none(fields.place()), source);
  }

  private String checkedId(Fields fields, String id) {
    if (!id.matches("[A-Za-z][A-Za-z0-9_.-]{0,63}")) {
      throw fields.error("id", '"' + id + '"', "a letter, then letters, digits, _ . -, 64 at most");
    }
    String other = placeById.putIfAbsent(id, fields.place("id"));
    if (other != null) {
      throw fields.error("id", '"' + id + "\", as " + other, "an id of its own");
    }
    return id;
  }

  private Source source(Fields fields, DevicePlugin plugin) {
    List<String> given = List.of("host", "vfio", "socket").stream().filter(fields::has).toList();
    if (given.size() != 1) {
      throw new ConfigError(
          fields.place(),
          given.isEmpty() ? "no source" : String.join(" and ", given),
          "exactly one of host, vfio, socket");
    }
    return switch (given.getFirst()) {
      case "host" -> new Source.FromHost(hostFunction(fields));
      case "vfio" -> new Source.Described(description(fields, plugin));
      default -> new Source.FromSocket(socket(fields));
    };
  }

  private HostBdf hostFunction(Fields fields) {
    String text = fields.requiredText("host");
    HostBdf function;
    try {
      function = HostBdf.parse(text);
    } catch (IllegalArgumentException _) {
      throw fields.error("host", '"' + text + '"', "DDDD:BB:DD.F, such as 0004:04:00.0");
    }
    if (!withHost) {
      throw fields.error("host", text, "a host section with a tree that has it");
    }
    String other = placeByFunction.putIfAbsent(function, fields.place("host"));
    if (other != null) {
      throw fields.error("host", text + ", as " + other, "a function that is free");
    }
    return function;
  }

  private static String socket(Fields fields) {
    String path = fields.requiredText("socket");
    if (path.isEmpty()) {
      throw fields.error("socket", "\"\"", "the path of a socket");
    }
    return path;
  }

  private static DeviceOptions description(Fields fields, DevicePlugin plugin) {
    Fields description = fields.object("vfio").orElseThrow();
    DeviceOptions options = options(description, plugin, DeviceOption.Scope.DESCRIPTION);
    description.end();
    return options;
  }

  private static DeviceOptions options(
      Fields fields, DevicePlugin plugin, DeviceOption.Scope scope) {
    Map<String, Object> values = new HashMap<>();
    for (DeviceOption option : plugin.options()) {
      if (option.scope() == scope) {
        value(fields, option).ifPresent(value -> values.put(option.name(), value));
      }
    }
    return new DeviceOptions(fields.place(), values);
  }

  private static Optional<Object> value(Fields fields, DeviceOption option) {
    if (option.required() && !fields.has(option.name())) {
      throw fields.error(option.name(), "nothing", option.description());
    }
    return switch (option.kind()) {
      case NUMBER ->
          fields.number(option.name()).stream().boxed().map(Object.class::cast).findFirst();
      case TEXT -> fields.text(option.name()).map(Object.class::cast);
      case BOOLEAN -> fields.flag(option.name()).map(Object.class::cast);
    };
  }

  /** Gives every device without an id one: {@code gpu0}, {@code gpu1}, ... by kind. */
  List<Vphb> named(List<Vphb> vphbs) {
    Set<String> taken = new HashSet<>(placeById.keySet());
    Map<String, Integer> next = new HashMap<>();
    return vphbs.stream()
        .map(vphb -> new Vphb(vphb.index(), vphb.eeh(), named(vphb.devices(), taken, next)))
        .toList();
  }

  private List<Device> named(List<Device> devices, Set<String> taken, Map<String, Integer> next) {
    List<Device> named = new ArrayList<>();
    for (Device device : devices) {
      String id = device.id().isEmpty() ? freeId(device, taken, next) : device.id();
      Source source =
          device.source() instanceof Source.BridgeTo(List<Device> behind)
              ? new Source.BridgeTo(named(behind, taken, next))
              : device.source();
      named.add(
          new Device(
              device.place(),
              id,
              device.slot(),
              device.function(),
              device.plugin(),
              device.options(),
              source));
    }
    return named;
  }

  private String freeId(Device device, Set<String> taken, Map<String, Integer> next) {
    String prefix = plugins.find(device.plugin()).map(DevicePlugin::idPrefix).orElse("bridge");
    String id;
    do {
      id = prefix + (next.merge(prefix, 1, Integer::sum) - 1);
    } while (!taken.add(id));
    return id;
  }
}
