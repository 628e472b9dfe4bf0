package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * A complete QEMU of the 7 series writes a tree of a machine without NVLink; all of ours must be in
 * it, with the same bytes and in the same order.
 */
class QemuOracleTest {
  private static final String QEMU = "qemu-system-ppc64";

  /** What differs by release or run, or is not modelled: see the packages' documentation. */
  private static final Set<String> NOT_COMPARED =
      Set.of("ibm,ddw-extensions", "ibm,hypertas-functions", "rtas-size", "ibm,pft-size");

  @TempDir private Path folder;

  @BeforeAll
  static void thereMustBeAQemu() throws Exception {
    String version;
    try {
      version = run(List.of(QEMU, "--version"));
    } catch (IOException _) {
      version = "";
    }
    assumeTrue(version.contains("version 7."), QEMU + " of the 7 series is not installed");
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(String.join(" ", command)).isTrue();
    return output;
  }

  @ParameterizedTest
  @CsvSource({
    "pseries-4.2, 1024", "pseries-5.0, 1024 512", "pseries-5.1, 3072 1024",
    "pseries-5.2, 768 1280 256", "pseries-6.1, 6144", "pseries-7.1, 512 512 512 512",
  })
  void oursIsPartOfQemus(String type, String nodes) throws Exception {
    List<Long> sizes = new ArrayList<>();
    for (String megabytes : nodes.split(" ", -1)) {
      sizes.add(Long.parseLong(megabytes) << 20);
    }
    Path blob = folder.resolve("qemu.dtb");
    String output = run(command(type, sizes, blob));
    assertThat(blob).as(output).exists();
    DeviceTree expected = FdtReader.read(Files.readAllBytes(blob));
    DeviceTree written = Machines.tree(machine(MachineType.of(type).orElseThrow(), sizes));

    Map<String, String> theirs = properties(expected);
    assertThat(theirs).containsAllEntriesOf(properties(written));
    List<String> paths = paths(expected);
    paths.retainAll(paths(written));
    assertThat(paths(written)).isEqualTo(paths);
  }

  private static List<String> command(String type, List<Long> sizes, Path blob) {
    List<String> command =
        new ArrayList<>(List.of(QEMU, "-M", type + ",dumpdtb=" + blob, "-cpu", "power9"));
    command.addAll(List.of("-nodefaults", "-nographic", "-vga", "none", "-serial", "null"));
    command.addAll(List.of("-monitor", "none", "-smp", "2"));
    command.addAll(List.of("-m", (sizes.stream().mapToLong(Long::longValue).sum() >> 20) + "M"));
    if (sizes.size() > 1) {
      for (int node = 0; node < sizes.size(); node++) {
        String memory = "memory-backend-ram,id=m" + node + ",size=" + sizes.get(node);
        command.addAll(List.of("-object", memory));
        command.addAll(List.of("-numa", "node,nodeid=" + node + ",memdev=m" + node));
      }
      command.addAll(List.of("-numa", "cpu,node-id=0,core-id=0"));
      command.addAll(List.of("-numa", "cpu,node-id=1,core-id=1"));
    }
    command.addAll(List.of("-device", "spapr-pci-host-bridge,index=3,id=third"));
    command.addAll(List.of("-device", "pci-testdev,bus=third.0,addr=2.0,multifunction=on"));
    command.addAll(List.of("-device", "pci-testdev,bus=third.0,addr=2.1"));
    command.addAll(List.of("-device", "pci-bridge,bus=third.0,addr=3,chassis_nr=5,id=bridge"));
    command.addAll(List.of("-device", "e1000,bus=bridge,addr=1,romfile="));
    return command;
  }

  private static MachineDescription machine(MachineType type, List<Long> sizes) {
    int secondNode = sizes.size() > 1 ? 1 : 0;
    return new MachineDescription(
        Compat.QEMU_7_1,
        type,
        Affinity.FORM1,
        GuestMemory.of(sizes),
        List.of(
            VphbDescription.of(0, type, true, List.of()),
            VphbDescription.of(3, type, true, functions())),
        List.of(
            new PlatformPart.InterruptController(2),
            new PlatformPart.Vdevice(
                List.of(
                    VioDevice.terminal(0x7100_0000, 0x1100),
                    VioDevice.nvram(0x7100_0001, 0x1101, 0x1_0000))),
            new PlatformPart.Cpus(
                List.of(
                    CpuDescription.power9(0),
                    new CpuDescription(1, 1, CpuModel.POWER9, secondNode, true, true))),
            new PlatformPart.EventSources(0x1000, 0x1001),
            new PlatformPart.Rtas(
                Map.of("power-off", 0x2003, "ibm,read-pci-config", 0x2016),
                0x1000,
                0,
                List.of("hcall-pft")),
            new PlatformPart.Chosen("", 0, 0, "/vdevice/vty@71000000", false)));
  }

  private static List<PciFunctionDescription> functions() {
    PciConfigFacts testDevice =
        PciConfigFacts.of(0x1b36, 0x0005, 0, 0x00ff00).withSubsystem(0x1af4, 0x1100);
    PciBar[] testBars = {
      new PciBar(0, PciBar.Kind.MEMORY_32, 0x1000), new PciBar(1, PciBar.Kind.IO, 0x100)
    };
    PciFunctionDescription network =
        PciFunctionDescription.builder("network", 1, 0)
            .config(
                PciConfigFacts.of(0x8086, 0x100e, 3, 0x020000)
                    .withSubsystem(0x1af4, 0x1100)
                    .withInterruptPin(1))
            .bars(
                new PciBar(1, PciBar.Kind.IO, 0x40), new PciBar(0, PciBar.Kind.MEMORY_32, 0x2_0000))
            .locationCode(LocationCode.emulated("e1000"))
            .build();
    PciFunctionDescription bridge =
        PciFunctionDescription.builder("bridge", 3, 0)
            .config(
                PciConfigFacts.of(0x1b36, 0x0001, 0, 0x060400)
                    .withHeaderType(1)
                    .withStatus(0xb0)
                    .withInterruptPin(1))
            .bars(new PciBar(0, PciBar.Kind.MEMORY_64, 0x100))
            .msiVectors(1)
            .locationCode(LocationCode.emulated("pci-bridge"))
            .behind(new SecondaryBus(1, 5, List.of(network)))
            .build();
    return List.of(
        PciFunctionDescription.builder("first", 2, 0)
            .config(testDevice)
            .bars(testBars)
            .locationCode(LocationCode.emulated("pci-testdev"))
            .build(),
        PciFunctionDescription.builder("second", 2, 1)
            .config(testDevice)
            .bars(testBars)
            .locationCode(LocationCode.emulated("pci-testdev"))
            .build(),
        bridge);
  }

  private static List<String> paths(DeviceTree tree) {
    List<String> paths = new ArrayList<>();
    tree.nodes().forEach(node -> paths.add(node.path()));
    return paths;
  }

  private static Map<String, String> properties(DeviceTree tree) {
    Map<String, String> values = new TreeMap<>();
    for (Node node : tree.nodes()) {
      for (Property property : node.properties()) {
        if (!NOT_COMPARED.contains(property.name())) {
          values.put(
              node.path() + ":" + property.name(), HexFormat.of().formatHex(property.bytes()));
        }
      }
    }
    return values;
  }
}
