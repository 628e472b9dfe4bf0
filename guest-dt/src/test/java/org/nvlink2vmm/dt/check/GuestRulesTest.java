package org.nvlink2vmm.dt.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nvlink2vmm.dt.GoldenTrees;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;

class GuestRulesTest {
  /** What QEMU got wrong, by golden tree: everything else of QEMU's passes. */
  private static final Map<String, Set<String>> DEFECTS =
      Map.of(
          "h3-mixed-region-sizes", Set.of("N8"),
          "i2-gpu-without-bridges", Set.of("G4"),
          "i3-no-eeh", Set.of("G7", "N12"),
          "k2-6gpu-reset-again", Set.of("G9", "N7"));

  /** Rules that depend on kernel, driver or the running device. */
  private static final Set<String> NOT_IN_TREE = Set.of("G1", "N4", "N14", "N16");

  static List<String> goldens() {
    return GoldenTrees.names();
  }

  static List<String> rules() {
    return GuestRules.all().stream().map(Rule::id).toList();
  }

  private static Set<String> failed(DeviceTree tree) {
    Set<String> ids = new HashSet<>();
    GuestRules.check(tree).failures().forEach(finding -> ids.add(finding.rule()));
    return ids;
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void treesOfQemuPassExceptWhereQemuIsWrong(String name) {
    if (name.equals("j-behind-bridge")) {
      assertThat(failed(TestTrees.golden(name))).contains("explicit_phandles");
    } else {
      assertThat(failed(TestTrees.golden(name))).isEqualTo(DEFECTS.getOrDefault(name, Set.of()));
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void aSoundMachineSatisfiesEachRule(String id) {
    CheckResult result = GuestRules.check(TestTrees.machine());

    assertThat(result.findings())
        .filteredOn(finding -> finding.rule().equals(id))
        .extracting(Finding::outcome)
        .containsExactly(NOT_IN_TREE.contains(id) ? Outcome.SKIP : Outcome.OK);
  }

  @Test
  void ruleIdsAreUniqueAndRequirementsExistAndGoBefore() {
    Set<String> seen = new HashSet<>();
    for (Rule rule : GuestRules.all()) {
      assertThat(seen).containsAll(rule.requires());
      assertThat(seen.add(rule.id())).as(rule.id()).isTrue();
    }
    assertThat(seen).contains("G2", "G11", "N1", "N17");
  }

  @Test
  void withoutNvlinkItsRulesAreSkipped() {
    CheckResult result = GuestRules.check(TestTrees.golden("f-npu-only"));

    assertThat(result.passed()).isTrue();
    for (Rule rule : GuestRules.all()) {
      if (rule.nvlinkOnly()) {
        assertThat(result.findings())
            .contains(new Finding(rule.id(), Outcome.SKIP, "", "the tree has no NVLink content"));
      }
    }
  }

  @Test
  void linkNodesWithoutRegAreOnlyAWarning() {
    CheckResult result = GuestRules.check(TestTrees.golden("full-a"));

    assertThat(result.passed()).isTrue();
    assertThat(result.warnings())
        .filteredOn(finding -> finding.rule().equals("unit_address_vs_reg"))
        .extracting(Finding::node)
        .containsExactly("/npuphb1/link@1", "/npuphb1/link@0");
  }

  @Test
  void aRuleIsSkippedWhileOneThatItNeedsFails() {
    DeviceTree tree = TestTrees.machine();
    tree.root().setU64("#size-cells", 2);

    assertThat(GuestRules.check(tree).findings())
        .contains(
            new Finding(
                "reg_format", Outcome.SKIP, "", "cannot be judged while size_cells_is_cell fails"));
  }

  @Test
  void aFloodOfFindingsIsCutAndCounted() {
    DeviceTree tree = TestTrees.machine();
    for (int i = 0; i < 100; i++) {
      tree.root().addChild("bad!" + i);
    }

    List<Finding> findings =
        GuestRules.check(tree).findings().stream()
            .filter(finding -> finding.rule().equals("node_name_chars"))
            .toList();
    assertThat(findings).hasSize(Reporter.MOST + 1);
    assertThat(findings.getLast().reason()).contains("80 more");
  }

  @Test
  void aFailureBehindAFloodOfWarningsStillShows() {
    DeviceTree tree = TestTrees.machine();
    Node npu = tree.find("/npuphb1").orElseThrow();
    for (int i = 0; i < 50; i++) {
      npu.addChild("link@" + (100 + i))
          .setStrings("compatible", "ibm,npu-link")
          .setU32("ibm,npu-link-index", 100 + i)
          .setU32("reg", i);
    }
    npu.child("link@149").orElseThrow().setU32("ibm,npu-link-index", 0);

    assertThat(failed(tree)).contains("nvlink_link_owner");
  }

  @Test
  void theTextHasOneLineAFindingAndNoControlCharacters() {
    DeviceTree tree = TestTrees.machine();
    tree.root().addChild("a\u001b[2J\nb");
    CheckResult result = GuestRules.check(tree);

    assertThat(result.text().lines()).hasSameSizeAs(result.findings());
    assertThat(result.text())
        .containsPattern("(?m)^node_name_chars +FAIL  /a\\\\x1b\\[2J\\\\x0ab: .*\\.$")
        .containsPattern("(?m)^G2 +ok    each host bridge")
        .containsPattern("(?m)^G1 +skip  depends on the guest's kernel");
  }
}
