package org.nvlink2vmm.vmm.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.nvlink2vmm.dt.spapr.Affinity;
import org.nvlink2vmm.dt.spapr.Compat;
import org.nvlink2vmm.dt.spapr.GuestMemory;
import org.nvlink2vmm.dt.spapr.MachineType;
import org.nvlink2vmm.dt.spapr.VphbPlacement;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.machine.MachineFile.Guest;
import org.nvlink2vmm.vmm.machine.MachineFile.Host;
import org.nvlink2vmm.vmm.machine.MachineFile.Vphb;
import tools.jackson.databind.JsonNode;

/** Turns a document into a {@link MachineFile}; the first fault ends it. */
public final class MachineFileReader {
  /** What Linux needs to get anywhere, and the unit in which pseries memory is given. */
  private static final long MEMORY_UNIT = 16L << 20;

  private static final int MAX_CPUS = 1024;
  private static final int MAX_RESETS = 1000;

  private final String name;
  private final PluginCatalogue plugins;

  private MachineFileReader(String name, PluginCatalogue plugins) {
    this.name = name;
    this.plugins = plugins;
  }

  /**
   * Reads a machine file.
   *
   * @throws ConfigError for any fault
   */
  public static MachineFile read(Path file, PluginCatalogue plugins) {
    JsonNode document = DocumentReader.read(file);
    return new MachineFileReader(file.toString(), plugins).machine(document);
  }

  private MachineFile machine(JsonNode document) {
    Fields top = Fields.of(name, "", document);
    Guest guest = guest(top);
    Optional<Host> host = top.object("host").map(MachineFileReader::host);
    Optional<List<Vphb>> vphbs = vphbs(top, host.isPresent());
    top.end();
    return new MachineFile(name, guest, host, vphbs);
  }

  private static Guest guest(Fields top) {
    Optional<Fields> given = top.object("machine");
    if (given.isEmpty()) {
      return Guest.DEFAULT;
    }
    Fields machine = given.get();
    Compat compat =
        choice(machine, "compat", Compat.values(), Compat::text).orElse(Compat.CORRECTED);
    Guest guest =
        new Guest(
            compat,
            machineType(machine, compat),
            affinity(machine),
            memory(machine),
            machine.number("cpus", 1, MAX_CPUS, 1),
            machine.number("resets", 1, MAX_RESETS, 1),
            machine.flag("strict").orElse(false));
    machine.end();
    return guest;
  }

  private static MachineType machineType(Fields machine, Compat compat) {
    MachineType newest = compat.newestMachineType();
    MachineType type =
        choice(machine, "machineType", MachineType.values(), MachineType::text).orElse(newest);
    if (type.compareTo(newest) > 0) {
      throw machine.error(
          "machineType",
          type.text(),
          newest.text() + " or older, as " + compat.text() + " knows no newer one");
    }
    return type;
  }

  private static Affinity affinity(Fields machine) {
    return choice(machine, "affinity", Affinity.values(), MachineFileReader::text)
        .orElse(Affinity.FORM1);
  }

  private static String text(Affinity affinity) {
    return switch (affinity) {
      case FORM1 -> "form1";
      case FORM2 -> "form2";
    };
  }

  private static List<Long> memory(Fields machine) {
    OptionalLong whole = machine.number("memory");
    whole.ifPresent(bytes -> requireMemory(machine, "memory", bytes));
    Optional<List<Fields>> nodes = machine.objects("numa");
    if (nodes.isEmpty()) {
      return whole.isPresent() ? List.of(whole.getAsLong()) : Guest.DEFAULT.memory();
    }
    List<Long> sizes = numaSizes(machine, nodes.get());
    long sum = sizes.stream().mapToLong(Long::longValue).sum();
    if (whole.isPresent() && whole.getAsLong() != sum) {
      throw machine.error(
          "memory",
          Sizes.text(whole.getAsLong()),
          Sizes.text(sum) + ", the sum of the NUMA nodes (or leave it out)");
    }
    return sizes;
  }

  private static List<Long> numaSizes(Fields machine, List<Fields> nodes) {
    if (nodes.isEmpty() || nodes.size() > GuestMemory.MAX_NODES) {
      throw machine.error("numa", nodes.size() + " nodes", "1 to " + GuestMemory.MAX_NODES);
    }
    Long[] sizes = new Long[nodes.size()];
    for (Fields node : nodes) {
      int id = node.requiredNumber("id", 0, nodes.size() - 1);
      if (sizes[id] != null) {
        throw node.error(
            "id", "node " + id + " a second time", "each of 0 to " + (nodes.size() - 1));
      }
      sizes[id] = requireMemory(node, "memory", node.requiredNumber("memory"));
      node.end();
    }
    return List.of(sizes);
  }

  private static long requireMemory(Fields fields, String field, long bytes) {
    if (bytes <= 0 || bytes % MEMORY_UNIT != 0 || bytes > VphbPlacement.PCI_BASE) {
      throw fields.error(
          field,
          "0x" + Long.toHexString(bytes),
          "a multiple of 16M, at least 16M and at most 32T, where the PCI windows begin");
    }
    return bytes;
  }

  private static Host host(Fields host) {
    String tree = host.requiredText("tree");
    boolean draft = host.text("abi").map(abi -> isDraft(host, abi)).orElse(false);
    Optional<String> kernel = host.text("kernel");
    if (draft && kernel.isPresent()) {
      throw host.error(
          "kernel", '"' + kernel.get() + '"', "nothing, as the v4 patch is of no release");
    }
    HostAbi abi =
        draft ? HostAbi.V4 : kernel.map(text -> kernel(host, text)).orElse(HostAbi.LATEST);
    host.end();
    return new Host(tree, abi);
  }

  private static boolean isDraft(Fields host, String abi) {
    return switch (abi) {
      case "v4" -> true;
      case "mainline" -> false;
      default -> throw host.error("abi", '"' + abi + '"', "mainline or v4");
    };
  }

  private static HostAbi kernel(Fields host, String text) {
    if (text.matches("5\\.(\\d|1[0-2])")) {
      return HostAbi.mainline(Integer.parseInt(text.substring(2)));
    }
    throw host.error("kernel", '"' + text + '"', "\"5.0\" to \"5.12\"");
  }

  private Optional<List<Vphb>> vphbs(Fields top, boolean withHost) {
    if (top.isText("phbs", "auto") || (!top.has("phbs") && withHost)) {
      if (!withHost) {
        throw top.error("phbs", "auto", "a list, or a host whose devices are meant");
      }
      return Optional.empty();
    }
    if (!top.has("phbs")) {
      throw top.error("phbs", "nothing", "a list of vPHBs, or a host");
    }
    List<Fields> given = top.objects("phbs").orElseThrow();
    if (given.size() > VphbPlacement.MAX_VPHBS) {
      throw top.error("phbs", given.size() + " vPHBs", "at most " + VphbPlacement.MAX_VPHBS);
    }
    DeviceFields devices = new DeviceFields(plugins, withHost);
    Map<Integer, String> placeByIndex = new HashMap<>();
    List<Vphb> vphbs = new ArrayList<>();
    for (Fields vphb : given) {
      int index = vphb.requiredNumber("index", 0, VphbPlacement.MAX_VPHBS - 1);
      String other = placeByIndex.putIfAbsent(index, vphb.place("index"));
      if (other != null) {
        throw vphb.error("index", index + ", as of " + other, "an index of its own");
      }
      Optional<Boolean> eeh = vphb.flag("eeh");
      vphbs.add(new Vphb(index, eeh, devices.onBus(vphb)));
      vphb.end();
    }
    return Optional.of(devices.named(vphbs));
  }

  /** The constant that a text names. */
  static <T> Optional<T> choice(
      Fields fields, String field, T[] constants, java.util.function.Function<T, String> text) {
    return fields
        .text(field)
        .map(
            given ->
                Arrays.stream(constants)
                    .filter(constant -> text.apply(constant).equals(given))
                    .findFirst()
                    .orElseThrow(
                        () ->
                            fields.error(
                                field,
                                '"' + given + '"',
                                Arrays.stream(constants)
                                    .map(text)
                                    .collect(Collectors.joining(", ", "one of ", "")))));
  }
}
