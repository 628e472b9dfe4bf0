package org.nvlink2vmm.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RunIT {
  private static JsonNode json(Vmm.Result result) {
    return JsonMapper.builder().build().readTree(result.out());
  }

  private static List<String> texts(JsonNode list, String pointer) {
    List<String> texts = new ArrayList<>();
    list.forEach(entry -> texts.add(entry.at(pointer).asString()));
    return texts;
  }

  @Test
  void sixGpusWithTwoLinksEachComeUp() throws Exception {
    Vmm.Result result = Vmm.run("run", "witherspoon-6gpu", "--json");
    assertThat(result.err()).isEmpty();
    assertThat(result.code()).isZero();
    JsonNode report = json(result);
    assertThat(report.get("result").asString()).isEqualTo("pass");
    assertThat(texts(report.get("gpus"), "/tgt"))
        .containsExactly(
            "0x40000000000",
            "0x42000000000",
            "0x44000000000",
            "0xc0000000000",
            "0xc2000000000",
            "0xc4000000000");
    assertThat(texts(report.get("gpus"), "/memory/base"))
        .containsExactly(
            "0x400000000000",
            "0x402000000000",
            "0x404000000000",
            "0x420000000000",
            "0x422000000000",
            "0x424000000000");
    assertThat(texts(report.get("gpus"), "/memory/size")).containsOnly("0x2000000000");
    assertThat(texts(report.get("gpus"), "/memory/numaNode"))
        .containsExactly("1", "2", "3", "4", "5", "6");
    for (JsonNode gpu : report.get("gpus")) {
      assertThat(texts(gpu.get("links"), "/speed")).containsExactly("8", "8");
      assertThat(texts(gpu.get("links"), "/trained")).containsOnly("true");
    }
  }

  @Test
  void fourGpusWithThreeLinksEachComeUp() throws Exception {
    JsonNode report = json(Vmm.run("run", "witherspoon-4gpu", "--json"));
    assertThat(report.get("result").asString()).isEqualTo("pass");
    assertThat(texts(report.get("gpus"), "/tgt"))
        .containsExactly("0x40000000000", "0x42000000000", "0xc0000000000", "0xc2000000000");
    for (JsonNode gpu : report.get("gpus")) {
      assertThat(gpu.get("links")).hasSize(3);
    }
  }

  @Test
  void theStressGuestRunsAsLongAsItIsTold() throws Exception {
    Vmm.Result result =
        Vmm.run("run", "witherspoon-4gpu", "--guest", "ats-stress", "--seconds", "1", "--json");
    assertThat(result.code()).isZero();
    JsonNode report = json(result);
    assertThat(report.get("guest").asString()).isEqualTo("ats-stress");
    assertThat(report.at("/ats/translations").asLong()).isPositive();
    assertThat(report.get("findings")).isEmpty();
    assertThat(report.get("unmodelled").isArray()).isTrue();
  }

  @Test
  void theReportForPeopleHasTheTables() throws Exception {
    Vmm.Result result = Vmm.run("run", "witherspoon-4gpu");
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("GPU ", "coherent window", "3 of 3 trained", "PASS", "25.78");
  }

  @Test
  void describedDevicesComeUpWithoutAHost(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("my machine.yaml");
    Files.writeString(
        file,
        """
        phbs:
          - index: 0
            devices:
              - { slot: 1, device: v100, vfio: { tgt: 0x40000000000, ram: 128G } }
              - { slot: 2, device: npu2-bridge, vfio: { tgt: 0x40000000000, linkSpeed: 8 } }
        """);
    JsonNode report = json(Vmm.run("run", file.toString(), "--json"));
    assertThat(texts(report.get("gpus"), "/memory/base")).containsExactly("0x400000000000");
    assertThat(texts(report.get("gpus").get(0).get("links"), "/speed")).containsExactly("8");
  }

  @Test
  void theHostKernelsTracepointsGoToAFile(@TempDir Path folder) throws Exception {
    Path trace = folder.resolve("trace.txt");
    Vmm.Result result = Vmm.run("run", "witherspoon-4gpu", "--trace", trace.toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(Files.readString(trace))
        .contains("vfio_pci_nvgpu_mmap: ", "size=2000000000 ret=0", "vfio_pci_npu2_mmap: ");
  }
}
