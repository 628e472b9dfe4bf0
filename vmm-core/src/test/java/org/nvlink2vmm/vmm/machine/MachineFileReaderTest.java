package org.nvlink2vmm.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.spapr.Affinity;
import org.nvlink2vmm.dt.spapr.Compat;
import org.nvlink2vmm.dt.spapr.MachineType;
import org.nvlink2vmm.vmm.device.HostAbi;
import org.nvlink2vmm.vmm.machine.MachineFile.Device;
import org.nvlink2vmm.vmm.machine.MachineFile.Source;

class MachineFileReaderTest {
  private static final String WHOLE =
      """
      machine:
        compat: qemu-6.2
        memory: 4G
        numa: [ { id: 0, memory: 1G }, { id: 1, memory: 3G } ]
        affinity: form2
        machineType: pseries-6.1
        cpus: 2
        resets: 3
      host: { tree: witherspoon-6gpu, abi: mainline, kernel: "5.4" }
      phbs:
        - index: 1
          eeh: false
          devices:
            - { slot: 1, device: gpu-card, vfio: { tgt: 0x40000000000, ram: "128G" }, model: big }
            - { slot: 2, device: link, host: "0006:00:00.0" }
            - { slot: 3, device: pci-bridge, devices: [ { slot: 0, device: link, socket: /s } ] }
            - { slot: 2, function: 1, device: link, host: "0006:00:00.1", id: second }
      """;

  @TempDir private Path folder;

  private MachineFile read(String name, String text) throws Exception {
    Path file = folder.resolve(name);
    Files.writeString(file, text);
    return MachineFileReader.read(file, TestPlugins.ALL);
  }

  @Test
  void everyFieldIsUnderstood() throws Exception {
    MachineFile machine = read("m.yaml", WHOLE);
    assertThat(machine.guest())
        .isEqualTo(
            new MachineFile.Guest(
                Compat.QEMU_6_2,
                MachineType.PSERIES_6_1,
                Affinity.FORM2,
                List.of(1L << 30, 3L << 30),
                2,
                3,
                false));
    assertThat(machine.host())
        .contains(new MachineFile.Host("witherspoon-6gpu", HostAbi.mainline(4)));
    List<Device> devices = machine.vphbs().orElseThrow().getFirst().devices();
    assertThat(devices).extracting(Device::id).containsExactly("gpu0", "npu0", "bridge0", "second");
    assertThat(devices.get(0).options().text("model")).contains("big");
    assertThat(((Source.Described) devices.get(0).source()).description().number("ram"))
        .hasValue(128L << 30);
    assertThat(devices.get(1).source())
        .isEqualTo(new Source.FromHost(HostBdf.parse("0006:00:00.0")));
    assertThat(((Source.BridgeTo) devices.get(2).source()).devices())
        .extracting(Device::id)
        .containsExactly("npu1");
    assertThat(machine.vphbs().orElseThrow().getFirst().eeh()).contains(false);
  }

  @Test
  void jsonSaysTheSameAsYaml() throws Exception {
    MachineFile machine =
        read(
            "m.json",
            """
            {"machine": {"memory": "0x100000000"}, "phbs": [{"index": 0, "devices": [
              {"slot": 1, "device": "gpu-card", "vfio": {"tgt": 4398046511104, "ram": "16G"}}]}]}
            """);
    assertThat(machine.guest().memory()).containsExactly(4L << 30);
    assertThat(machine.guest().compat()).isEqualTo(Compat.CORRECTED);
    assertThat(machine.host()).isEqualTo(Optional.empty());
  }

  @Test
  void aHostWithoutListMeansAllOfIt() throws Exception {
    assertThat(read("m.yaml", "host: { tree: x }").vphbs()).isEmpty();
    assertThat(read("m.yaml", "host: { tree: x, abi: v4 }\nphbs: auto").host().orElseThrow().abi())
        .isEqualTo(HostAbi.V4);
  }

  @ParameterizedTest(name = "{0} -> {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "compat: qemu-6.2 | compat: qemu-9.9 | machine.compat: found \"qemu-9.9\", expected one of",
        "compat: qemu-6.2 | compat: 6.2 | machine.compat: found 6.2, expected a text",
        "compat: qemu-6.2 | comat: qemu-6.2 | machine.comat: found an unknown field, expected one"
            + " of",
        "memory: 4G | memory: 4Q | machine.memory: found \"4Q\", expected a number",
        "memory: 4G | memory: -1 | machine.memory: found -1, expected a number",
        "memory: 4G | memory: 1.5 | machine.memory: found 1.5, expected a number",
        "memory: 4G | memory: 99999999999T | machine.memory: found \"99999999999T\"",
        "memory: 4G | memory: 4097 | machine.memory: found 0x1001, expected a multiple of 16M",
        "memory: 4G | memory: 0 | machine.memory: found 0x0, expected a multiple of 16M",
        "memory: 4G | memory: 5G | machine.memory: found 5 GiB, expected 4 GiB, the sum",
        "memory: 4G | memory: [] | machine.memory: found a list, expected a number",
        "id: 1, memory | id: 0, memory | machine.numa[1].id: found node 0 a second time",
        "id: 1, memory | id: 7, memory | machine.numa[1].id: found 7, expected 0 to 1",
        "id: 1, memory: 3G | id: 1 | machine.numa[1].memory: found nothing",
        "affinity: form2 | affinity: form3 | machine.affinity: found \"form3\", expected one of"
            + " form1",
        "pseries-6.1 | pseries-7.0 | machine.machineType: found pseries-7.0, expected pseries-6.2",
        "cpus: 2 | cpus: 0 | machine.cpus: found 0, expected 1 to 1024",
        "resets: 3 | resets: many | machine.resets: found \"many\", expected a number",
        "abi: mainline | abi: v5 | host.abi: found \"v5\", expected mainline or v4",
        "\"5.4\" | 5.10 | host.kernel: found 5.1, expected a text",
        "\"5.4\" | \"5.13\" | host.kernel: found \"5.13\", expected \"5.0\" to \"5.12\"",
        "abi: mainline | abi: v4 | host.kernel: found \"5.4\", expected nothing",
        "tree: witherspoon-6gpu | tree: 6 | host.tree: found 6, expected a text",
        "index: 1 | index: 31 | phbs[0].index: found 31, expected 0 to 30",
        "eeh: false | eeh: 1 | phbs[0].eeh: found 1, expected true or false",
        "slot: 1, | slot: 32, | phbs[0].devices[0].slot: found 32, expected 0 to 31",
        "slot: 1, | | phbs[0].devices[0].slot: found nothing, expected a number",
        "function: 1 | function: 8 | phbs[0].devices[3].function: found 8, expected 0 to 7",
        "function: 1, | | phbs[0].devices[3].slot: found 2.0, as",
        "device: gpu-card | device: gpu-crad | phbs[0].devices[0].device: found \"gpu-crad\"",
        "tgt: 0x40000000000 | tgt: high | phbs[0].devices[0].vfio.tgt: found \"high\", expected a"
            + " num",
        "tgt: 0x40000000000, | | phbs[0].devices[0].vfio.tgt: found nothing, expected target",
        "ram: \"128G\" | rma: \"128G\" | phbs[0].devices[0].vfio.ram: found nothing",
        "model: big | model: 7 | phbs[0].devices[0].model: found 7, expected a text",
        "model: big | speed: 9 | phbs[0].devices[0].speed: found an unknown field",
        "model: big | host: \"0004:04:00.0\" | phbs[0].devices[0]: found host and vfio, expected"
            + " exa",
        ", host: \"0006:00:00.0\" | | phbs[0].devices[1]: found no source, expected exactly one of",
        "\"0006:00:00.0\" | \"6:0.0\" | phbs[0].devices[1].host: found \"6:0.0\", expected"
            + " DDDD:BB:DD.F",
        "\"0006:00:00.1\" | \"0006:00:00.0\" | phbs[0].devices[3].host: found 0006:00:00.0, as",
        "socket: /s | socket: \"\" | phbs[0].devices[2].devices[0].socket: found \"\"",
        "id: second | id: \"a b\" | phbs[0].devices[3].id: found \"a b\", expected a letter",
        "model: big | id: second | phbs[0].devices[3].id: found \"second\", as",
        "phbs: | fbs: | fbs: found an unknown field, expected one of host, machine, phbs",
      })
  void aFaultIsNamedByItsPath(String from, String to, String expected) {
    assertThat(WHOLE).contains(from);
    String broken = WHOLE.replace(from, to == null ? "" : to);
    assertThatThrownBy(() -> read("m.yaml", broken))
        .isInstanceOf(ConfigError.class)
        .hasMessageContaining("m.yaml: " + expected)
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "m.json | { | m.json:",
        "m.json | [] | m.json: found a list, expected an object",
        "m.json | {\"phbs\": [], \"phbs\": []} | Duplicate",
        "m.json | {\"phbs\": []} x | m.json:1",
        "m.json | {\"phbs\": 3} | phbs: found 3, expected a list",
        "m.json | {} | phbs: found nothing, expected a list of vPHBs, or a host",
        "m.json | {\"phbs\": [7]} | phbs[0]: found 7, expected an object",
        "m.json | {\"phbs\": \"auto\"} | phbs: found auto, expected a list, or a host",
        "m.yaml | a: [ | m.yaml",
        "m.txt | x | found a name that ends in neither, expected .json, .yaml or .yml",
        "m.yaml | `` | m.yaml: found",
      })
  void aFileThatIsNoMachineIsRefused(String name, String text, String expected) {
    assertThatThrownBy(() -> read(name, text))
        .isInstanceOf(ConfigError.class)
        .hasMessageContaining(expected)
        .hasMessageNotContaining("\n");
  }

  @Test
  void aMissingFileIsNamed() {
    assertThatThrownBy(() -> MachineFileReader.read(folder.resolve("none.yaml"), TestPlugins.ALL))
        .isInstanceOf(ConfigError.class)
        .hasMessageEndingWith("none.yaml: no such file");
  }

  @Test
  void nestingWithoutEndIsRefused() {
    assertThatThrownBy(() -> read("m.json", "[".repeat(100_000)))
        .isInstanceOf(ConfigError.class)
        .hasMessageNotContaining("\n");
    assertThatThrownBy(() -> read("m.yaml", "[".repeat(100_000)))
        .isInstanceOf(ConfigError.class)
        .hasMessageNotContaining("\n");
  }
}
