package org.nvlink2vmm.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.dt.dts.DtsWriter;
import org.nvlink2vmm.dt.powernv.BuiltinHostTrees;
import org.nvlink2vmm.dt.powernv.HostBridge;
import org.nvlink2vmm.dt.powernv.PowernvTree;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Each fault of a host tree has the errno and the effect that the kernel gives it. */
class BrokenHostTreeIT {
  @TempDir private Path folder;

  private JsonNode regions(String kernel, DeviceTree tree) throws Exception {
    Files.writeString(folder.resolve("host.dts"), DtsWriter.text(tree));
    Path machine = folder.resolve("m.yaml");
    Files.writeString(
        machine, "host: { tree: host.dts, kernel: \"" + kernel + "\" }\nphbs: auto\n");
    Vmm.Result result = Vmm.run("regions", machine.toString(), "--json");
    assertThat(result.err().lines().filter(line -> line.contains("\tat "))).isEmpty();
    return JsonMapper.builder().build().readTree(result.out());
  }

  private static HostBridge firstBridge(DeviceTree tree) {
    return new PowernvTree(tree).bridges().getFirst();
  }

  private static void damage(DeviceTree tree, String fault) {
    HostBridge bridge = firstBridge(tree);
    switch (fault) {
      case "memory-region" -> bridge.node().removeProperty("memory-region");
      case "reg" -> {
        Node memory = bridge.memory().orElseThrow().node();
        memory.set(Property.ofU64("reg", memory.u64("reg").orElseThrow()));
      }
      case "ibm,mmio-atsd" -> bridge.npu().node().removeProperty("ibm,mmio-atsd");
      case "ibm,nvlink-speed" -> bridge.node().removeProperty("ibm,nvlink-speed");
      case "ibm,gpu" -> bridge.node().removeProperty("ibm,gpu");
      default -> throw new IllegalArgumentException(fault);
    }
  }

  @ParameterizedTest(name = "{0} on 5.{1}: {2} {3}")
  @CsvSource({
    "memory-region, 5.0, gpu0, EINVAL",
    "memory-region, 5.12, gpu0, plain",
    "memory-region, 5.12, npu0, plain",
    "reg, 5.12, gpu0, EINVAL",
    "ibm;mmio-atsd, 5.12, npu0, size0",
    "ibm;mmio-atsd, 5.12, npu5, size0",
    "ibm;nvlink-speed, 5.12, npu0, EFAULT",
    "ibm;gpu, 5.12, npu0, plain",
  })
  void aFaultHasTheKernelsErrnoAndLeavesTheOthersAlone(
      String escaped, String kernel, String device, String effect) throws Exception {
    DeviceTree tree = BuiltinHostTrees.load("witherspoon-6gpu").orElseThrow();
    damage(tree, escaped.replace(';', ','));
    JsonNode answer = regions(kernel, tree);
    JsonNode entry = find(answer.get("devices"), device);
    switch (effect) {
      case "plain" -> assertThat(entry.get("regions")).hasSize(9);
      case "size0" -> {
        assertThat(entry.get("regions")).hasSize(10);
        assertThat(entry.at("/regions/9/size").asString()).isEqualTo("0x0");
      }
      default -> {
        assertThat(entry.isMissingNode()).isTrue();
        JsonNode failure = find(answer.get("failures"), device);
        assertThat(failure.get("errno").asString()).isEqualTo(effect);
        assertThat(failure.get("message").asString().lines()).hasSize(1);
      }
    }
    for (String other : new String[] {"gpu4", "gpu5", "npu8", "npu11"}) {
      assertThat(find(answer.get("devices"), other).get("regions")).as(other).hasSize(10);
    }
  }

  private static JsonNode find(JsonNode list, String id) {
    for (JsonNode entry : list) {
      if (entry.get("id").asString().equals(id)) {
        return entry;
      }
    }
    return JsonMapper.builder().build().missingNode();
  }
}
