package org.nvlink2vmm.dt.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** One row a fault: what is done to a sound machine, and the rule that must notice. */
class SeededFaultsTest {
  private static final String PHB1 = "/pci@800000020000001";
  private static final String GPU = PHB1 + "/3d-controller@1";
  private static final String BRIDGE = PHB1 + "/unknown-bridge@3";
  private static final String MEMORY = "/memory@420000000000";
  private static final String OTHER_MEMORY = "/memory@422000000000";

  record Fault(String name, String rule, Outcome outcome, Consumer<DeviceTree> damage) {
    @Override
    public String toString() {
      return rule + ": " + name;
    }
  }

  private static Fault fails(String rule, String name, Consumer<DeviceTree> damage) {
    return new Fault(name, rule, Outcome.FAIL, damage);
  }

  private static Fault warns(String rule, String name, Consumer<DeviceTree> damage) {
    return new Fault(name, rule, Outcome.WARN, damage);
  }

  private static Fault on(String rule, String path, String name, Consumer<Node> damage) {
    return fails(rule, name, tree -> damage.accept(node(tree, path)));
  }

  private static Node node(DeviceTree tree, String path) {
    return tree.find(path).orElseThrow(() -> new AssertionError("no " + path));
  }

  private static int phandle(DeviceTree tree, String path) {
    return node(tree, path).phandle().orElseThrow();
  }

  private static Property unterminated(String name, String text) {
    return Property.ofBytes(name, text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void remove(DeviceTree tree, String path) {
    Node node = node(tree, path);
    node.parent().orElseThrow().removeChild(node);
  }

  private static int[] without(int[] cells, int count) {
    return Arrays.copyOf(cells, cells.length - count);
  }

  static List<Fault> faults() {
    return Stream.of(structure(), references(), windows(), platform(), nvlink())
        .flatMap(List::stream)
        .toList();
  }

  private static List<Fault> structure() {
    return List.of(
        on("node_name_chars", "/", "a blank in a name", n -> n.addChild("a b")),
        on("node_name_format", "/", "two unit addresses", n -> n.addChild("a@1@2")),
        on("node_name_format", "/", "only a unit address", n -> n.addChild("@1")),
        on("node_name_format", "/", "an empty unit address", n -> n.addChild("a@")),
        on("property_name_chars", "/", "a slash in a property", n -> n.setEmpty("a/b")),
        on("duplicate_node_names", "/", "a node twice", n -> n.addChild("rtas")),
        on(
            "duplicate_property_names",
            GPU,
            "a property twice",
            n -> n.append(Property.ofU32("vendor-id", 1))),
        on("name_properties", GPU, "another name", n -> n.setStrings("name", "display")),
        warns("unit_address_vs_reg", "no reg", t -> node(t, "/").addChild("a@1")),
        warns(
            "unit_address_vs_reg",
            "no unit address",
            t -> node(t, "/").addChild("a").setU64("reg", 1L << 50, 4096)),
        warns("unit_address_format", "0x", t -> node(t, "/").addChild("a@0x1")),
        on(
            "unit_address_matches_reg",
            MEMORY,
            "memory elsewhere",
            n -> n.setU64("reg", 0x500000000000L, 0x2000000000L)),
        on(
            "unit_address_matches_reg",
            BRIDGE,
            "another device number",
            n -> n.setU32("reg", 0x9000, 0, 0, 0, 0)),
        on("address_cells_is_cell", PHB1, "8 bytes", n -> n.setU64("#address-cells", 3)),
        on("size_cells_is_cell", PHB1, "empty", n -> n.setEmpty("#size-cells")),
        on("interrupt_cells_is_cell", PHB1, "8 bytes", n -> n.setU64("#interrupt-cells", 1)),
        on("cell_counts", "/", "9 address cells", n -> n.setU32("#address-cells", 9)),
        on("cell_counts", "/", "no size cells", n -> n.removeProperty("#size-cells")),
        on("device_type_is_string", PHB1, "no NUL", n -> n.set(unterminated("device_type", "pci"))),
        on("model_is_string", "/", "two strings", n -> n.setStrings("model", "a", "b")),
        on("status_is_string", GPU, "empty", n -> n.setEmpty("status")),
        on(
            "compatible_is_string_list",
            "/npuphb1",
            "no NUL",
            n -> n.set(unterminated("compatible", "ibm,power9-npu"))),
        on(
            "strings_terminated",
            GPU,
            "location without NUL",
            n -> n.set(unterminated("ibm,loc-code", "GPU0"))),
        on(
            "single_cells",
            BRIDGE,
            "speed of 2 bytes",
            n -> n.set(Property.ofBytes("ibm,nvlink-speed", (byte) 0, (byte) 9))),
        on("reg_format", MEMORY, "3 cells", n -> n.setU32("reg", 0x4200, 0, 0x20)),
        on(
            "ranges_format",
            PHB1,
            "a cell short",
            n -> n.setU32("ranges", without(n.property("ranges").orElseThrow().cells(), 1))));
  }

  private static List<Fault> references() {
    return List.of(
        on("explicit_phandles", BRIDGE, "phandle 0", n -> n.setU32("phandle", 0)),
        on("explicit_phandles", BRIDGE, "phandle of 2 cells", n -> n.setU32("phandle", 1, 2)),
        fails(
            "explicit_phandles",
            "a phandle twice",
            t -> node(t, "/rtas").setU32("phandle", phandle(t, GPU))),
        on(
            "explicit_phandles",
            GPU,
            "two phandles of a node",
            n -> n.setU32("linux,phandle", 0x999)),
        on("phandle_references", BRIDGE, "dangling", n -> n.setU32("ibm,gpu", 0xdead)),
        on("phandle_references", "/", "no interrupt parent", n -> n.setU32("interrupt-parent", 9)),
        warns(
            "interrupt_provider",
            "no cells",
            t -> node(t, "/interrupt-controller").removeProperty("#interrupt-cells")),
        on("interrupts_property", PHB1, "nothing above", n -> n.removeProperty("interrupt-map")),
        on(
            "interrupt_map",
            PHB1,
            "a cell short",
            n ->
                n.setU32(
                    "interrupt-map",
                    without(n.property("interrupt-map").orElseThrow().cells(), 1))),
        fails(
            "interrupt_map",
            "a parent that takes no interrupts",
            t -> {
              int[] map = node(t, PHB1).property("interrupt-map").orElseThrow().cells();
              map[4] = phandle(t, GPU);
              node(t, PHB1).setU32("interrupt-map", map);
            }));
  }

  private static List<Fault> windows() {
    return List.of(
        on(
            "reg_overlap",
            OTHER_MEMORY,
            "two GPU memories",
            n -> n.setU64("reg", 0x421000000000L, 0x2000000000L)),
        on(
            "reg_overlap",
            PHB1,
            "an ATSD twice",
            n -> n.setU64("ibm,mmio-atsd", 0x800000120000L, 0x800000120000L)),
        on(
            "reg_overlap",
            PHB1,
            "an ATSD in GPU memory",
            n -> n.setU64("ibm,mmio-atsd", 0x420000010000L)),
        on(
            "reg_overlap",
            PHB1,
            "a PCI window over memory",
            n -> n.setU32("ranges", 0x3000000, 0x4200, 0, 0x4200, 0, 0, 0x10000)),
        on("reg_overlap", MEMORY, "wrapping", n -> n.setU64("reg", -0x10000L, 0x20000)),
        on("reg_unique", BRIDGE, "a taken slot", n -> n.setU32("reg", 0x800, 0, 0, 0, 0)),
        on("reg_unique", "/npuphb1/link@0", "a taken index", n -> n.setU32("reg", 1)),
        on("window_alignment", "/memory@0", "an odd size", n -> n.setU64("reg", 0, 0x400001000L)),
        on(
            "window_alignment",
            PHB1,
            "an ATSD beside its registers",
            n -> n.setU64("ibm,mmio-atsd", 0x800000120008L)),
        warns(
            "window_alignment",
            "two ATSDs in a page",
            t -> node(t, PHB1).setU64("ibm,mmio-atsd", 0x800000120000L, 0x800000121000L)),
        on(
            "pci_ranges",
            PHB1,
            "a 32-bit window beyond 4 GiB",
            n -> n.setU32("ranges", 0x2000000, 0, 0xc0000000, 0x2001, 0, 0, 0x80000000)),
        on(
            "pci_ranges",
            PHB1,
            "config space as window",
            n -> n.setU32("ranges", 0, 0, 0, 0x2001, 0, 0, 0x10000)),
        on("pci_bridge", PHB1, "no ranges", n -> n.removeProperty("ranges")),
        on("pci_bridge", PHB1, "2 address cells", n -> n.setU32("#address-cells", 2)),
        on(
            "pci_device_reg",
            BRIDGE,
            "a BAR of 3 pages",
            n -> n.setU32("reg", 0x1800, 0, 0, 0, 0, 0x3001810, 0, 0, 0, 0x30000)),
        on(
            "pci_device_reg",
            BRIDGE,
            "a BAR behind the last",
            n -> n.setU32("reg", 0x1800, 0, 0, 0, 0, 0x3001828, 0, 0, 0, 0x10000)),
        on(
            "pci_device_reg",
            BRIDGE,
            "a BAR of another function",
            n -> n.setU32("reg", 0x1800, 0, 0, 0, 0, 0x3001910, 0, 0, 0, 0x10000)),
        warns("pci_device_bus_num", "no such bus", t -> node(t, PHB1).setU32("bus-range", 1, 2)));
  }

  private static List<Fault> platform() {
    return List.of(
        fails("memory_node", "no memory", t -> remove(t, "/memory@0")),
        on("memory_node", "/memory@0", "none at 0", n -> n.setU64("reg", 0x10000, 0x10000)),
        fails("cpus_node", "no cpus", t -> remove(t, "/cpus")),
        fails("cpus_node", "no cpu", t -> remove(t, "/cpus/PowerPC,POWER9@0")),
        fails("chosen_node", "no chosen", t -> remove(t, "/chosen")),
        fails("rtas_node", "no rtas", t -> remove(t, "/rtas")),
        warns("root_compatible", "none", t -> node(t, "/").removeProperty("compatible")),
        on(
            "numa_distance_table",
            "/rtas",
            "a distance short",
            n ->
                n.setU32("ibm,numa-lookup-index-table", 1, 0)
                    .setU32("ibm,numa-distance-table", 1)));
  }

  private static List<Fault> nvlink() {
    return Stream.of(links(), kernel(), driver()).flatMap(List::stream).toList();
  }

  private static List<Fault> links() {
    return List.of(
        fails(
            "nvlink_symmetry",
            "a bridge of another GPU",
            t -> node(t, BRIDGE).setU32("ibm,gpu", phandle(t, PHB1 + "/3d-controller@2"))),
        fails(
            "nvlink_symmetry",
            "a bridge that is not listed",
            t ->
                node(t, GPU)
                    .setU32(
                        "ibm,npu",
                        without(node(t, GPU).property("ibm,npu").orElseThrow().cells(), 1))),
        fails(
            "nvlink_link_owner",
            "a link of two bridges",
            t -> node(t, BRIDGE).setU32("ibm,nvlink", phandle(t, "/npuphb1/link@1"))),
        fails(
            "nvlink_link_owner",
            "an index twice",
            t -> node(t, "/npuphb1/link@0").setU32("ibm,npu-link-index", 1)),
        fails(
            "nvlink_memory_owner",
            "another GPU's memory",
            t -> node(t, BRIDGE).setU32("memory-region", phandle(t, OTHER_MEMORY))),
        fails(
            "nvlink_tgt_unique",
            "one target twice",
            t ->
                node(t, BRIDGE)
                    .setU64(
                        "ibm,device-tgt-addr",
                        node(t, PHB1 + "/unknown-bridge@4")
                            .u64("ibm,device-tgt-addr")
                            .orElseThrow())),
        warns(
            "nvlink_tgt_unique",
            "a target of another NPU's GPU",
            t ->
                node(t, BRIDGE)
                    .setU64(
                        "ibm,device-tgt-addr",
                        node(t, "/pci@800000020000002/unknown-bridge@3")
                            .u64("ibm,device-tgt-addr")
                            .orElseThrow())),
        fails(
            "nvlink_one_npu",
            "a link of another NPU",
            t -> node(t, BRIDGE).setU32("ibm,nvlink", phandle(t, "/npuphb2/link@0"))));
  }

  private static List<Fault> kernel() {
    return List.of(
        on(
            "G2",
            "/npuphb2",
            "no NPU after the last host bridge",
            n -> n.setStrings("compatible", "other")),
        fails("G3", "nine NPUs", SeededFaultsTest::ninePlainHostBridgesBeforeAnNpu),
        on("G4", GPU, "an empty list", n -> n.setEmpty("ibm,npu")),
        on("G4", GPU, "no list", n -> n.removeProperty("ibm,npu")),
        fails("G4", "memory as bridge", t -> node(t, GPU).setU32("ibm,npu", phandle(t, MEMORY))),
        on("G5", BRIDGE, "no GPU", n -> n.removeProperty("ibm,gpu")),
        fails("G5", "memory as GPU", t -> node(t, BRIDGE).setU32("ibm,gpu", phandle(t, MEMORY))),
        on("G6", BRIDGE, "no link", n -> n.removeProperty("ibm,nvlink")),
        on("G6", "/npuphb1/link@0", "no index", n -> n.removeProperty("ibm,npu-link-index")),
        on("G6", "/npuphb1/link@0", "not a link", n -> n.setStrings("compatible", "other")),
        warns(
            "G6",
            "a seventh link",
            t -> node(t, "/npuphb1/link@0").setU32("ibm,npu-link-index", 6).setU32("reg", 6)),
        on("G7", PHB1, "no ATSD", n -> n.removeProperty("ibm,mmio-atsd")),
        on("G7", PHB1, "half an ATSD", n -> n.setU32("ibm,mmio-atsd", 0x8000, 0x120000, 0)),
        on("G8", MEMORY, "no usable-memory", n -> n.removeProperty("linux,usable-memory")),
        on(
            "G8",
            MEMORY,
            "usable memory",
            n -> n.setU64("linux,usable-memory", 0x420000000000L, 0x1000)),
        on("G8", MEMORY, "ordinary memory", n -> n.removeProperty("compatible")),
        on("G8", MEMORY, "no memory", n -> n.setStrings("device_type", "ram")),
        on("G8", MEMORY, "no associativity", n -> n.removeProperty("ibm,associativity")),
        on(
            "G9",
            "/rtas",
            "too few domains",
            n -> n.setU32("ibm,max-associativity-domains", 4, 1, 1, 1, 2)),
        on(
            "G9",
            "/rtas",
            "no reference points",
            n -> n.removeProperty("ibm,associativity-reference-points")),
        on(
            "G9",
            MEMORY,
            "the node of ordinary memory",
            n -> n.setU32("ibm,associativity", 4, 0, 0, 0, 0)),
        on("G10", PHB1, "no dynamic windows", n -> n.removeProperty("ibm,ddw-applicable")),
        on(
            "G10",
            PHB1,
            "no DMA at all",
            n -> {
              n.removeProperty("ibm,ddw-applicable");
              n.removeProperty("ibm,dma-window");
            }),
        on("G10", PHB1, "two tokens", n -> n.setU32("ibm,ddw-applicable", 1, 2)),
        on(
            "G11",
            "/chosen",
            "hash only",
            n -> n.set(Property.ofBytes("ibm,arch-vec-5-platform-support", (byte) 24, (byte) 0))),
        on(
            "G11",
            "/chosen",
            "hash negotiated",
            n -> n.set(Property.ofBytes("ibm,architecture-vec-5", new byte[30]))));
  }

  private static List<Fault> driver() {
    return List.of(
        on("N1", BRIDGE, "another device", n -> n.setU32("device-id", 0x4eb)),
        on("N1", BRIDGE, "another class", n -> n.setU32("class-code", 0x060400)),
        on("N2", BRIDGE, "no BARs", n -> n.setU32("reg", 0x1800, 0, 0, 0, 0)),
        on("N2", BRIDGE, "GENID of 128 KiB", SeededFaultsTest::doubleSecondBar),
        on("N3", BRIDGE, "no interrupt", n -> n.removeProperty("interrupts")),
        on("N3", BRIDGE, "a pin that is not mapped", n -> n.setU32("interrupts", 7)),
        warns("N5", "no EEH call", t -> node(t, "/rtas").removeProperty("ibm,set-eeh-option")),
        on("N6", BRIDGE, "no target", n -> n.removeProperty("ibm,device-tgt-addr")),
        on("N6", BRIDGE, "48 bits", n -> n.setU64("ibm,device-tgt-addr", 1L << 47)),
        on("N6", BRIDGE, "12 bytes", n -> n.setU32("ibm,device-tgt-addr", 0x400, 0, 0)),
        on("N6", BRIDGE, "unlike its sibling", n -> n.setU64("ibm,device-tgt-addr", 0x1000000)),
        on("N7", BRIDGE, "no memory", n -> n.removeProperty("memory-region")),
        on("N7", MEMORY, "24 bytes", n -> n.setU64("reg", 0x420000000000L, 0x2000000000L, 0)),
        on("N7", MEMORY, "no node", n -> n.setU32("ibm,associativity", 0)),
        on(
            "N7",
            "/cpus/PowerPC,POWER9@0",
            "a node with processors",
            n -> n.setU32("ibm,associativity", 5, 0, 0, 0, 3, 0)),
        on("N8", MEMORY, "64 GiB further", n -> n.setU64("reg", 0x421000000000L, 0x1000000000L)),
        on("N9", MEMORY, "8 GiB", n -> n.setU64("reg", 0x420000000000L, 0x200000000L)),
        on("N10", PHB1, "two cells", n -> n.setU64("ibm,chip-id", 0)),
        on("N11", "/cpus/PowerPC,POWER9@0", "100 bytes", n -> n.setU32("d-cache-block-size", 100)),
        on("N12", PHB1, "17 ATSDs", n -> n.setU64("ibm,mmio-atsd", atsds(17))),
        warns("G7", "9 ATSDs", t -> node(t, PHB1).setU64("ibm,mmio-atsd", atsds(9))),
        fails("N13", "nine NPU host bridges", SeededFaultsTest::sevenMoreNpuHostBridges),
        on("N15", BRIDGE, "no speed", n -> n.removeProperty("ibm,nvlink-speed")),
        on("N15", BRIDGE, "an unknown speed", n -> n.setU32("ibm,nvlink-speed", 5)),
        fails(
            "N17",
            "a gap",
            t -> {
              int[] list = node(t, GPU).property("ibm,npu").orElseThrow().cells();
              list[0] = 0xdead;
              node(t, GPU).setU32("ibm,npu", list);
            }),
        fails(
            "N17",
            "a bridge twice",
            t -> {
              int[] list = node(t, GPU).property("ibm,npu").orElseThrow().cells();
              list[1] = list[0];
              node(t, GPU).setU32("ibm,npu", list);
            }));
  }

  private static long[] atsds(int count) {
    long[] list = new long[count];
    for (int i = 0; i < count; i++) {
      list[i] = 0x900000000000L + 0x10000L * i;
    }
    return list;
  }

  private static void doubleSecondBar(Node bridge) {
    int[] reg = bridge.property("reg").orElseThrow().cells();
    reg[14] *= 2;
    bridge.setU32("reg", reg);
  }

  private static void ninePlainHostBridgesBeforeAnNpu(DeviceTree tree) {
    Node last = null;
    for (int i = 0; i < 9; i++) {
      last = tree.root().addChild("pci@" + (0xa0 + i)).setStrings("device_type", "pci");
    }
    last.addChild("unknown-bridge@1")
        .setU32("reg", 0x800, 0, 0, 0, 0)
        .setU32("ibm,nvlink", phandle(tree, "/npuphb1/link@0"));
  }

  private static void sevenMoreNpuHostBridges(DeviceTree tree) {
    for (int i = 0; i < 7; i++) {
      tree.root()
          .addChild("pci@" + (0xa0 + i))
          .setStrings("device_type", "pci")
          .addChild("unknown-bridge@1")
          .setU32("reg", 0x800, 0, 0, 0, 0)
          .setU32("ibm,nvlink-speed", 9);
    }
  }

  @ParameterizedTest
  @MethodSource("faults")
  void isFound(Fault fault) {
    DeviceTree tree = TestTrees.machine();
    fault.damage().accept(tree);

    assertThat(GuestRules.check(tree).findings())
        .as(fault.toString())
        .filteredOn(finding -> finding.rule().equals(fault.rule()))
        .extracting(Finding::outcome)
        .contains(fault.outcome());
  }
}
