package org.nvlink2vmm.dt.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;
import org.nvlink2vmm.dt.tree.Reservation;

class TreeDiffTest {
  private static final String PHB = "/pci@800000020000001";

  private final DeviceTree a = TestTrees.golden("full-a");
  private final DeviceTree b = TestTrees.golden("full-a");

  static List<String> names() {
    return GoldenTrees.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void aTreeEqualsItsCopy(String name) throws IOException {
    DeviceTree copy = FdtReader.read(GoldenTrees.blob(name));

    assertThat(
            TreeDiff.between(
                TestTrees.golden(name), copy, TreeDiff.Option.ORDER, TreeDiff.Option.PHANDLES))
        .isEmpty();
  }

  @ParameterizedTest
  @MethodSource("names")
  void aTreeEqualsItsTwinWithOtherPhandlesExceptWhenNumbersAreAskedFor(String name) {
    DeviceTree tree = TestTrees.golden(name);
    DeviceTree twin = TestTrees.golden(name);
    TestTrees.renumberPhandles(twin, 0x5000);

    assertThat(TreeDiff.between(tree, twin)).isEmpty();
    if (!tree.phandles().isEmpty()) {
      assertThat(TreeDiff.between(tree, twin, TreeDiff.Option.PHANDLES)).isNotEmpty();
    }
  }

  @Test
  void addedAndRemovedNodesAndPropertiesAreNamed() {
    b.find("/rtas").orElseThrow().removeProperty("ibm,max-associativity-domains");
    b.find("/rtas").orElseThrow().setU32("rtas-size", 0x1000);
    b.root().removeChild(b.find("/npuphb1").orElseThrow());
    b.root().addChild("cpus").addChild("cpu@0");

    assertThat(TreeDiff.between(a, b))
        .filteredOn(difference -> !(difference instanceof Difference.PropertyChanged))
        .extracting(difference -> difference.getClass().getSimpleName() + " " + difference.path())
        .containsExactlyInAnyOrder(
            "PropertyRemoved /rtas",
            "PropertyAdded /rtas",
            "NodeRemoved /npuphb1",
            "NodeAdded /cpus");
  }

  @Test
  void aReferenceToAnotherNodeIsAChangeShownAsPaths() {
    Node bridge = b.find(PHB + "/unknown-bridge@2").orElseThrow();
    bridge.setU32("ibm,nvlink", 0x130101);

    assertThat(DiffText.of(TreeDiff.between(a, b)))
        .isEqualTo(
            """
            ~ /pci@800000020000001/unknown-bridge@2 ibm,nvlink
                - <&/npuphb1/link@0>
                + <&/npuphb1/link@1>
            """);
  }

  @Test
  void aNumberThatLeadsToAnotherNodeIsAChange() {
    b.find("/npuphb1/link@0").orElseThrow().setU32("phandle", 0x130101);
    b.find("/npuphb1/link@1").orElseThrow().setU32("phandle", 0x130100);

    assertThat(TreeDiff.between(a, b))
        .extracting(Difference::path)
        .containsExactly(PHB + "/unknown-bridge@2", PHB + "/unknown-bridge@3");
  }

  @Test
  void aReferenceThatLeadsNowhereInOneTreeIsAChange() {
    b.find("/npuphb1/link@0").orElseThrow().removeProperty("phandle");

    assertThat(DiffText.of(TreeDiff.between(a, b)))
        .contains("- /npuphb1/link@0 phandle = <0x130100>")
        .contains("    - <&/npuphb1/link@0>\n    + <0x130100>\n");
  }

  @Test
  void aLongValueIsShownAroundItsFirstDifference() {
    Node phb = b.find(PHB).orElseThrow();
    int[] map = phb.property("interrupt-map").orElseThrow().cells();
    map[705] = 0x77;
    phb.setU32("interrupt-map", map);

    assertThat(DiffText.of(TreeDiff.between(a, b)))
        .contains("~ " + PHB + " interrupt-map")
        .contains("(from cell 703 of 896)")
        .contains(" 0x77 ");
  }

  @Test
  void valuesOfOtherLengthAreChanges() {
    b.find(PHB).orElseThrow().setU64("ibm,mmio-atsd", 0x800000120000L);

    assertThat(DiffText.of(TreeDiff.between(a, b)))
        .contains("    - <0x8000 0x120000 0x8000 0x130000>\n    + <0x8000 0x120000>\n");
  }

  @Test
  void orderOfNodesCountsOnlyWhenAskedFor() {
    Node npu = b.find("/npuphb1").orElseThrow();
    Node link = npu.child("link@1").orElseThrow();
    npu.removeChild(link);
    Node moved = npu.addChild("link@1");
    link.properties().forEach(moved::set);

    assertThat(TreeDiff.between(a, b)).isEmpty();
    assertThat(TreeDiff.between(a, b, TreeDiff.Option.ORDER))
        .containsExactly(
            new Difference.OrderChanged(
                "/npuphb1", List.of("link@1", "link@0"), List.of("link@0", "link@1")));
  }

  @Test
  void orderOfPropertiesNeverCounts() {
    Node rtas = b.find("/rtas").orElseThrow();
    Property first = rtas.properties().getFirst();
    rtas.removeProperty(first.name());
    rtas.set(first);

    assertThat(TreeDiff.between(a, b, TreeDiff.Option.ORDER)).isEmpty();
  }

  @Test
  void nodesOfOneNameAreComparedInTurn() {
    a.root().addChild("twin").setU32("n", 1);
    a.root().addChild("twin").setU32("n", 2);
    b.root().addChild("twin").setU32("n", 1);
    b.root().addChild("twin").setU32("n", 3);

    assertThat(DiffText.of(TreeDiff.between(a, b)))
        .isEqualTo("~ /twin n\n    - <0x2>\n    + <0x3>\n");
  }

  @Test
  void reservationsAreCompared() {
    b.reservations().add(new Reservation(0x1000, 0x2000));

    assertThat(DiffText.of(TreeDiff.between(a, b)))
        .isEqualTo("~ memory reservations\n    - (none)\n    + 0x1000, 0x2000 bytes\n");
  }

  @Test
  void valuesAreShownByTheirKind() {
    a.root().setStrings("s", "x", "y").setU32("c", 1).set(Property.ofBytes("b", (byte) 1));
    b.root().setStrings("s", "x").setEmpty("c").set(Property.ofBytes("b", (byte) 0xfe));

    assertThat(DiffText.of(TreeDiff.between(a, b)))
        .contains("    - \"x\", \"y\"\n    + \"x\"\n")
        .contains("    - <0x1>\n    + (empty)\n")
        .contains("    - [01]\n    + [fe]\n");
  }

  @Test
  void coloursSurroundEachLine() {
    b.root().setStrings("model", "other");

    assertThat(DiffText.coloured(TreeDiff.between(a, b)).split("\n"))
        .allMatch(line -> line.startsWith("\u001b[3") && line.endsWith("\u001b[0m"));
  }

  @Test
  void namesCannotSteerTheTerminal() {
    b.root().addChild("a\u001b[2Jb");

    assertThat(DiffText.of(TreeDiff.between(a, b)))
        .doesNotContain("\u001b")
        .contains("+ /a\\x1b[2Jb");
  }

  @Test
  void aDeepTreeIsComparedWithoutRecursion() {
    DeviceTree deep = new DeviceTree();
    DeviceTree other = new DeviceTree();
    Node node = deep.root();
    Node twin = other.root();
    for (int i = 0; i < 20_000; i++) {
      node = node.addChild("n");
      twin = twin.addChild("n");
    }
    twin.setEmpty("only-here");

    assertThat(TreeDiff.between(deep, other)).hasSize(1);
  }
}
