package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** The golden trees were written by QEMU 7.1.0's own code: we write the same. */
class GoldenParityTest {

  static List<String> cases() throws IOException {
    return GoldenCase.names();
  }

  @Test
  void thereAreThirtySevenCases() throws IOException {
    assertThat(cases()).hasSize(37);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theTreeIsTheSame(String name) throws IOException {
    GoldenCase golden = GoldenCase.of(name);
    if (!golden.hasTree()) {
      assertRefused(golden);
      return;
    }
    MachineDescription machine = golden.description(Compat.QEMU_7_1);
    MachineLayout layout = MachineLayout.afterResets(machine, golden.resets());
    DeviceTree written = SpaprTree.write(machine, layout);
    DeviceTree expected = FdtReader.read(GoldenTrees.blob(name));

    assertThat(paths(written)).isEqualTo(paths(expected));
    assertThat(properties(written)).containsExactlyInAnyOrderElementsOf(properties(expected));
    assertThat(layout.messages()).extracting(Message::text).isEqualTo(golden.messages());
    assertThat(layout.numaIds().next()).isEqualTo(golden.numaCounter());
    assertThat(mappings(machine, golden.resets())).isEqualTo(golden.mappings());
  }

  /** What 7.1 changed is one property of complete host bridges; the rest is as old as 6.2. */
  @ParameterizedTest
  @MethodSource("org.nvlink2vmm.dt.GoldenTrees#names")
  void releases62And70WriteTheSameButForOneProperty(String name) throws IOException {
    GoldenCase golden = GoldenCase.of(name);
    List<String> expected = properties(FdtReader.read(GoldenTrees.blob(name)));
    expected.removeIf(property -> property.contains(":ibm,ddw-extensions="));
    for (Compat compat : List.of(Compat.QEMU_6_2, Compat.QEMU_7_0)) {
      MachineDescription machine = golden.description(compat);
      List<String> written =
          properties(SpaprTree.write(machine, MachineLayout.afterResets(machine, golden.resets())));
      written.removeIf(property -> property.contains(":ibm,ddw-extensions="));
      assertThat(written).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  private static void assertRefused(GoldenCase golden) {
    assertThatThrownBy(() -> MachineLayout.of(golden.description(Compat.QEMU_7_1)))
        .isInstanceOfSatisfying(
            Refusal.class,
            refusal ->
                assertThat(refusal.outcome().name().toLowerCase(Locale.ROOT))
                    .isEqualTo(golden.outcome()));
  }

  /** Mapped over all resets, the newest vPHB first. */
  private static List<String> mappings(MachineDescription machine, int resets) {
    List<String> texts = new ArrayList<>();
    MachineLayout layout = MachineLayout.of(machine);
    for (int i = 0; i < resets; i++) {
      for (NvlinkLayout vphb : layout.vphbs().reversed()) {
        vphb.mappings().forEach(mapping -> texts.add(text(mapping)));
      }
      layout = layout.reset(machine);
    }
    return texts;
  }

  private static String text(NvlinkMapping mapping) {
    PlacedFunction placed = mapping.function();
    return String.format(
        Locale.ROOT,
        "phb%d/%s %s at 0x%x size 0x%x",
        placed.vphbIndex(),
        Text.slotAndFunction(placed.function().devfn()),
        placed.function().nvlink() instanceof GpuRamFacts ? "nvlink2-mr" : "nvlink2-atsd-mr",
        mapping.gpa(),
        mapping.size());
  }

  private static List<String> paths(DeviceTree tree) {
    List<String> paths = new ArrayList<>();
    tree.nodes().forEach(node -> paths.add(node.path()));
    return paths;
  }

  private static List<String> properties(DeviceTree tree) {
    List<String> values = new ArrayList<>();
    for (Node node : tree.nodes()) {
      for (Property property : node.properties()) {
        String value = HexFormat.of().formatHex(property.bytes());
        values.add(node.path() + ":" + property.name() + "=" + value);
      }
    }
    return values;
  }
}
