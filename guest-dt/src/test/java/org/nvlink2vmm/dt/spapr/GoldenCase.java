package org.nvlink2vmm.dt.spapr;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.nvlink2vmm.dt.GoldenTrees;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A golden case: the machine that it describes, and what QEMU's code did with it. */
record GoldenCase(String name, JsonNode json) {

  static List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(GoldenTrees.folder())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".json"))
          .map(file -> file.substring(0, file.length() - 5))
          .sorted()
          .toList();
    }
  }

  static GoldenCase of(String name) throws IOException {
    String text = Files.readString(GoldenTrees.folder().resolve(name + ".json"));
    return new GoldenCase(name, JsonMapper.shared().readTree(text));
  }

  String outcome() {
    return json.at("/expected/outcome").asString();
  }

  List<String> messages() {
    List<String> texts = new ArrayList<>();
    json.at("/expected/messages").forEach(message -> texts.add(message.get("text").asString()));
    return texts;
  }

  List<String> mappings() {
    List<String> texts = new ArrayList<>();
    json.at("/expected/guestPhysicalMappings").forEach(text -> texts.add(text.asString()));
    return texts;
  }

  int numaCounter() {
    return json.at("/expected/gpuNumaCounterAfterReset").asInt();
  }

  boolean hasTree() {
    return json.get("treeFiles").asBoolean();
  }

  int resets() {
    return machine("resets").asInt();
  }

  boolean isComplete() {
    return machine("completePhbNodes").asBoolean();
  }

  /** The machine, told as a {@code compat} of this kind. */
  MachineDescription description(Compat compat) {
    List<VphbDescription> vphbs = new ArrayList<>();
    json.get("vphbsInCreationOrder").forEach(vphb -> vphbs.add(vphb(vphb)));
    return new MachineDescription(
        compat,
        machineType(compat),
        machine("form2Affinity").asBoolean() ? Affinity.FORM2 : Affinity.FORM1,
        GuestMemory.of(
            Collections.nCopies(
                machine("guestNumaNodes").asInt(), number(machine("guestNodeMemory")))),
        vphbs,
        isComplete() ? List.of(new PlatformPart.InterruptController(1)) : List.of());
  }

  private MachineType machineType(Compat compat) {
    if (machine("pre51Associativity").asBoolean()) {
      return MachineType.PSERIES_5_0;
    }
    return machine("pre52NumaAssociativity").asBoolean()
        ? MachineType.PSERIES_5_1
        : compat.newestMachineType();
  }

  private VphbDescription vphb(JsonNode vphb) {
    return new VphbDescription(
        vphb.get("index").asInt(),
        new NvlinkWindows(number(vphb.get("nv2GpaWindow")), number(vphb.get("nv2AtsdWindow"))),
        vphb.get("eehAvailable").asBoolean(),
        isComplete() ? VphbBinding.COMPLETE : VphbBinding.BRIEF,
        functions(vphb.get("devicesInBusOrder")));
  }

  private static List<PciFunctionDescription> functions(JsonNode devices) {
    List<PciFunctionDescription> functions = new ArrayList<>();
    devices.forEach(device -> functions.add(function(device)));
    return functions;
  }

  private static PciFunctionDescription function(JsonNode device) {
    String kind = device.get("kind").asString();
    int devfn = device.get("devfn").asInt();
    PciFunctionDescription.Builder builder =
        PciFunctionDescription.builder(kind + Text.slotAndFunction(devfn), devfn >> 3, devfn & 7);
    return switch (kind) {
      case "gpu" ->
          Devices.gpu(
              builder,
              number(device.get("tgt")),
              number(device.get("ramSize")),
              device.get("gpuMemoryGB").asInt());
      case "npu" ->
          Devices.bridge(
              builder,
              number(device.get("tgt")),
              device.get("linkSpeed").asInt(),
              number(device.get("atsdSize")));
      case "bridge" ->
          Devices.pciBridge(
              builder,
              new SecondaryBus(
                  device.get("secondaryBus").asInt(), 0, functions(device.get("devices"))));
      default -> Devices.virtioNet(builder);
    };
  }

  private JsonNode machine(String field) {
    return json.get("machine").get(field);
  }

  private static long number(JsonNode node) {
    return node.isNumber() ? node.asLong() : Long.decode(node.asString());
  }

  @Override
  public String toString() {
    return name;
  }
}
