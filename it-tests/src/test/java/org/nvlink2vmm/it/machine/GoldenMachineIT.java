package org.nvlink2vmm.it.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.spapr.Refusal;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.vmm.device.PluginCatalogue;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.machine.MachineFileReader;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The trees that QEMU 7.1's own code wrote, once more from machine files: all the way through VFIO
 * devices, regions decoded from bytes, config space and layout.
 */
class GoldenMachineIT {
  private static final Path GOLDEN =
      Path.of(System.getProperty("vmm.root"), "guest-dt/src/test/resources/golden");

  private static final Set<String> NVLINK_PROPERTIES =
      Set.of(
          "ibm,npu",
          "ibm,gpu",
          "ibm,nvlink",
          "memory-region",
          "ibm,device-tgt-addr",
          "ibm,nvlink-speed",
          "ibm,mmio-atsd");

  @TempDir private Path folder;

  static Stream<String> cases() throws IOException {
    try (var files = Files.list(GOLDEN)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".json"))
          .map(name -> name.replace(".json", ""))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theMachineGivesQemusTree(String name) throws Exception {
    JsonNode golden =
        JsonMapper.builder().build().readTree(Files.readString(GOLDEN.resolve(name + ".json")));
    Assumptions.assumeTrue(
        isMachineFile(golden), "no machine file has these windows or these devices");
    Path file = folder.resolve("m.json");
    Files.writeString(file, machineFile(golden));
    PluginCatalogue plugins = PluginCatalogue.installed();
    if (!golden.at("/expected/outcome").asString().equals("ok")) {
      assertThatThrownBy(() -> Machine.build(MachineFileReader.read(file, plugins), plugins))
          .isInstanceOf(Refusal.class)
          .hasMessageContaining("qemu-7.1");
      return;
    }
    try (Machine machine = Machine.build(MachineFileReader.read(file, plugins), plugins)) {
      assertThat(machine.failures()).isEmpty();
      DeviceTree ours = machine.spapr().tree(SpaprMachine.Boot.NONE);
      DeviceTree theirs = FdtReader.read(Files.readAllBytes(GOLDEN.resolve(name + ".dtb")));
      compare(ours, theirs);
      List<String> expected = new ArrayList<>();
      golden.at("/expected/messages").forEach(m -> expected.add(m.get("text").asString()));
      assertThat(machine.spapr().messages())
          .extracting(message -> message.text())
          .containsExactlyElementsOf(expected);
    }
  }

  /**
   * Windows follow from index and machine type; emulated devices other than bridges there are none.
   */
  private static boolean isMachineFile(JsonNode golden) {
    for (JsonNode phb : golden.get("vphbsInCreationOrder")) {
      if (phb.get("nv2AtsdWindow").asString().equals("0x0")) {
        return false;
      }
      for (JsonNode device : phb.get("devicesInBusOrder")) {
        if (!Set.of("gpu", "npu", "bridge").contains(device.get("kind").asString())) {
          return false;
        }
      }
    }
    return true;
  }

  /** All nodes and properties that the golden tree has; it leaves out parts of a whole machine. */
  private static void compare(DeviceTree ours, DeviceTree theirs) {
    List<String> paths = new ArrayList<>();
    theirs.nodes().forEach(node -> paths.add(node.path()));
    List<String> inOurOrder = new ArrayList<>();
    ours.nodes().forEach(node -> inOurOrder.add(node.path()));
    inOurOrder.retainAll(Set.copyOf(paths));
    assertThat(inOurOrder).containsExactlyElementsOf(paths);
    for (Node theirNode : theirs.nodes()) {
      Node ourNode = ours.find(theirNode.path()).orElseThrow();
      for (Property property : theirNode.properties()) {
        assertThat(ourNode.property(property.name()).map(Property::bytes))
            .as(theirNode + " " + property.name())
            .contains(property.bytes());
      }
      assertThat(ourNode.properties())
          .as(theirNode.path())
          .filteredOn(property -> NVLINK_PROPERTIES.contains(property.name()))
          .allMatch(property -> theirNode.has(property.name()));
    }
    assertThat(coherent(ours)).isEqualTo(coherent(theirs));
  }

  private static List<String> coherent(DeviceTree tree) {
    List<String> paths = new ArrayList<>();
    for (Node node : tree.nodes()) {
      if (node.isCompatible("ibm,coherent-device-memory") || node.isCompatible("ibm,npu-link")) {
        paths.add(node.path());
      }
    }
    return paths;
  }

  private static String machineFile(JsonNode golden) {
    JsonNode machine = golden.get("machine");
    StringBuilder numa = new StringBuilder();
    for (int id = 0; id < machine.get("guestNumaNodes").asInt(); id++) {
      numa.append(
          "%s{\"id\": %d, \"memory\": \"%s\"}"
              .formatted(id == 0 ? "" : ", ", id, machine.get("guestNodeMemory").asString()));
    }
    List<String> phbs = new ArrayList<>();
    for (JsonNode phb : golden.get("vphbsInCreationOrder")) {
      phbs.add(
          "{\"index\": %d, \"eeh\": %b, \"devices\": %s}"
              .formatted(
                  phb.get("index").asInt(),
                  phb.get("eehAvailable").asBoolean(),
                  devices(phb.get("devicesInBusOrder"))));
    }
    return """
    {"machine": {"compat": "qemu-7.1", "machineType": "%s", "affinity": "%s", "numa": [%s],
      "resets": %d}, "phbs": [%s]}
    """
        .formatted(
            machineType(golden),
            machine.get("form2Affinity").asBoolean() ? "form2" : "form1",
            numa,
            machine.get("resets").asInt(),
            String.join(",\n", phbs));
  }

  private static String machineType(JsonNode golden) {
    if (golden.at("/machine/pre51Associativity").asBoolean()) {
      return "pseries-5.0";
    }
    return golden.at("/machine/pre52NumaAssociativity").asBoolean() ? "pseries-5.1" : "pseries-7.1";
  }

  private static String devices(JsonNode devices) {
    List<String> texts = new ArrayList<>();
    for (JsonNode device : devices) {
      String place =
          "\"slot\": %d, \"function\": %d"
              .formatted(device.get("slot").asInt(), device.get("function").asInt());
      texts.add("{" + place + ", " + kind(device) + "}");
    }
    return "[" + String.join(", ", texts) + "]";
  }

  private static String kind(JsonNode device) {
    return switch (device.get("kind").asString()) {
      case "gpu" ->
          "\"device\": \"v100\", \"model\": \"v100-sxm2-%dgb\", \"vfio\": {\"tgt\": \"%s\", \"ram\": \"%s\"}"
              .formatted(
                  device.get("gpuMemoryGB").asInt(),
                  device.get("tgt").asString(),
                  device.get("ramSize").asString());
      case "npu" ->
          "\"device\": \"npu2-bridge\", \"vfio\": {\"tgt\": \"%s\", \"atsd\": \"%s\", \"linkSpeed\": %d}"
              .formatted(
                  device.get("tgt").asString(),
                  device.get("atsdSize").asString(),
                  device.get("linkSpeed").asInt());
      default -> "\"device\": \"pci-bridge\", \"devices\": " + devices(device.get("devices"));
    };
  }
}
