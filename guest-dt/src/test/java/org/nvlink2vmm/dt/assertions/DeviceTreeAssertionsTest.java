package org.nvlink2vmm.dt.assertions;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.nvlink2vmm.dt.assertions.DeviceTreeAssertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.check.TreeDiff;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

class DeviceTreeAssertionsTest {
  private static final String PHB = "/pci@800000020000001";
  private static final String GPU = PHB + "/3d-controller@1";
  private static final String BRIDGE = PHB + "/unknown-bridge@2";

  private DeviceTree tree;

  @BeforeEach
  void readTree() throws IOException {
    tree = FdtReader.read(GoldenTrees.blob("full-a"));
  }

  private static void fails(ThrowingCallable assertion, String... texts) {
    assertThatExceptionOfType(AssertionError.class)
        .isThrownBy(assertion)
        .satisfies(
            error ->
                org.assertj.core.api.Assertions.assertThat(error.getMessage()).contains(texts));
  }

  @Test
  void aSoundTreeSatisfiesAChainOfAssertions() {
    assertThat(tree)
        .passesGuestRules()
        .hasNode("/rtas")
        .hasNoNode("/cpus")
        .node(GPU)
        .hasU32("vendor-id", 0x10de)
        .hasPhandleList("ibm,npu", BRIDGE, PHB + "/unknown-bridge@3")
        .hasNoProperty("ibm,gpu")
        .node(BRIDGE)
        .hasU64("ibm,device-tgt-addr", 0x40000000000L)
        .hasPhandleList("ibm,gpu", GPU)
        .hasPhandleList("ibm,nvlink", "/npuphb1/link@0")
        .hasPhandleList("memory-region", "/memory@420000000000")
        .node("/npuphb1")
        .isCompatibleWith("ibm,power9-npu")
        .hasStrings("compatible", "ibm,power9-npu")
        .hasChildren("link@1", "link@0")
        .node(PHB)
        .hasEmpty("used-by-rtas")
        .hasProperty("ranges")
        .hasBytes("device_type", (byte) 'p', (byte) 'c', (byte) 'i', (byte) 0);
  }

  @Test
  void aMissingNodeIsNamedWithItsSiblings() {
    fails(
        () -> assertThat(tree).node("/npuphb1/link@7"),
        "/npuphb1/link@7",
        "The children of /npuphb1 are:",
        "link@0");
    fails(() -> assertThat(tree).hasNode("/a/b/c"), "/a/b/c");
    fails(() -> assertThat(tree).hasNoNode("/rtas"), "no node at", "/rtas");
  }

  @Test
  void wrongNumbersAreShownBesideTheExpectedOnes() {
    fails(
        () -> assertThat(tree).node(GPU).hasU32("vendor-id", 0x1014, 2),
        "vendor-id of",
        GPU,
        "<0x1014 0x2>",
        "<0x10de>");
    fails(
        () -> assertThat(tree).node(BRIDGE).hasU64("ibm,device-tgt-addr", 1),
        "64 bits: <0x1>",
        "64 bits: <0x40000000000>");
    fails(() -> assertThat(tree).node(GPU).hasEmpty("vendor-id"), "(empty)", "<0x10de>");
    fails(
        () -> assertThat(tree).node("/npuphb1").hasBytes("compatible", (byte) 1, (byte) 2),
        "[01 02]");
  }

  @Test
  void missingAndSurplusPropertiesAreNamed() {
    fails(
        () -> assertThat(tree).node(GPU).hasU32("ibm,gpu", 1),
        "to have the property ibm,gpu",
        "vendor-id");
    fails(() -> assertThat(tree).node(GPU).hasNoProperty("vendor-id"), "<0x10de>");
  }

  @Test
  void stringsWithoutNulAreToldFromStrings() {
    Node node = tree.find("/npuphb1").orElseThrow();
    node.set(Property.ofBytes("compatible", (byte) 'a'));

    fails(
        () -> assertThat(tree).node("/npuphb1").hasStrings("compatible", "a"),
        "[a]",
        "without NUL");
    fails(() -> assertThat(tree).node("/npuphb1").isCompatibleWith("b"), "a list with b", "[a]");
  }

  @Test
  void referencesAreShownAsPaths() {
    tree.find(GPU).orElseThrow().setU32("ibm,npu", 0xdead);

    fails(
        () -> assertThat(tree).node(GPU).hasPhandleList("ibm,npu", BRIDGE),
        BRIDGE,
        "0xdead, no node's phandle");
  }

  @Test
  void childrenAreComparedInOrder() {
    fails(() -> assertThat(tree).node("/npuphb1").hasChildren("link@0", "link@1"), "but it has");
  }

  @Test
  void aTreeIsComparedWithBlobsAndText() {
    Path folder = GoldenTrees.folder();

    assertThatCode(
            () ->
                assertThat(tree)
                    .isSameTreeAs(folder.resolve("full-a.dtb"), TreeDiff.Option.ORDER)
                    .isSameTreeAs(folder.resolve("full-a.dts"))
                    .isSameTreeAs(FdtReader.read(GoldenTrees.blob("full-a"))))
        .doesNotThrowAnyException();
  }

  @Test
  void aFailureShowsTheDifference() {
    tree.find(BRIDGE).orElseThrow().setU32("ibm,nvlink-speed", 8);

    fails(
        () -> assertThat(tree).isSameTreeAs(GoldenTrees.folder().resolve("full-a.dts")),
        "full-a.dts",
        "~ " + BRIDGE + " ibm,nvlink-speed\n    - <0x9>\n    + <0x8>");
  }

  @Test
  void aLongDifferenceIsCut() {
    DeviceTree other = new DeviceTree();
    for (int i = 0; i < 100; i++) {
      other.root().addChild("n" + i);
    }

    fails(() -> assertThat(new DeviceTree()).isSameTreeAs(other), "and 70 more differences");
  }

  @Test
  void brokenRulesAreListed() {
    tree.find(BRIDGE).orElseThrow().removeProperty("ibm,nvlink-speed");

    fails(() -> assertThat(tree).passesGuestRules(), "N15", BRIDGE, "silently left unused");
    assertThat(tree).breaksGuestRule("N15");
    fails(() -> assertThat(tree).breaksGuestRule("N1"), "N1");
  }

  @Test
  void aFileThatIsNotThereIsAnErrorNotAFailure() {
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> assertThat(tree).isSameTreeAs(Path.of("no-such-file.dtb")));
  }

  @Test
  void noTreeIsAFailure() {
    fails(() -> assertThat((DeviceTree) null).hasNode("/"), "not to be null");
  }
}
