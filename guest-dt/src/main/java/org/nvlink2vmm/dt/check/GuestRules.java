package org.nvlink2vmm.dt.check;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.nvlink2vmm.dt.tree.DeviceTree;

/**
 * What a pseries guest with NVLink GPUs needs of its device tree.
 *
 * <p>Rules with long names are about any tree, many of them dtc's. G rules are what Linux 5.0 to
 * 5.12 looks up (arch/powerpc/platforms/powernv/npu-dma.c, arch/powerpc/mm/numa.c), N rules what
 * the NVIDIA driver looks up (open-gpu-kernel-modules, nv-ibmnpu.c and uvm_ats_ibm.c).
 */
public final class GuestRules {
  private static final List<Rule> ALL =
      Stream.of(
              NameRules.RULES,
              ValueRules.RULES,
              ReferenceRules.RULES,
              WindowRules.RULES,
              PlatformRules.RULES,
              LinkRules.RULES,
              KernelRules.RULES,
              DriverRules.RULES)
          .flatMap(List::stream)
          .toList();

  private GuestRules() {}

  /** All rules, in the order in which they are held against a tree. */
  public static List<Rule> all() {
    return ALL;
  }

  /** Holds every rule against a tree. Throws on no tree, however damaged. */
  public static CheckResult check(DeviceTree tree) {
    GuestTree guest = new GuestTree(tree);
    Set<String> failed = new HashSet<>();
    List<Finding> findings = new ArrayList<>();
    for (Rule rule : ALL) {
      Reporter reporter = new Reporter(rule);
      Optional<String> missing = rule.requires().stream().filter(failed::contains).findFirst();
      if (missing.isPresent()) {
        reporter.skip("cannot be judged while %s fails".formatted(missing.get()));
      } else if (rule.nvlinkOnly() && !guest.hasNvlink()) {
        reporter.skip("the tree has no NVLink content");
      } else {
        rule.run(guest, reporter);
      }
      if (reporter.failed()) {
        failed.add(rule.id());
      }
      findings.addAll(reporter.findings());
    }
    return new CheckResult(findings);
  }
}
