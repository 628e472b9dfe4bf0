package org.nvlink2vmm.dt.assertions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.assertj.core.api.AbstractAssert;
import org.nvlink2vmm.dt.check.CheckResult;
import org.nvlink2vmm.dt.check.DiffText;
import org.nvlink2vmm.dt.check.Difference;
import org.nvlink2vmm.dt.check.GuestRules;
import org.nvlink2vmm.dt.check.TreeDiff;
import org.nvlink2vmm.dt.dts.DtsReader;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;

/** Assertions about a whole tree. */
public final class DeviceTreeAssert extends AbstractAssert<DeviceTreeAssert, DeviceTree> {
  /** Differences shown in a failure: the first ones tell enough. */
  private static final int MOST_DIFFERENCES = 30;

  /** First bytes of a blob, {@code FDT_MAGIC}. */
  private static final int MAGIC = 0xd00dfeed;

  DeviceTreeAssert(DeviceTree actual) {
    super(actual, DeviceTreeAssert.class);
  }

  /** The node at {@code path}, which must exist. */
  public NodeAssert node(String path) {
    isNotNull();
    return new NodeAssert(actual, actual.find(path).orElseThrow(() -> noSuchNode(path)));
  }

  private AssertionError noSuchNode(String path) {
    String parentPath = path.substring(0, Math.max(0, path.lastIndexOf('/')));
    String siblings =
        actual
            .find(parentPath.isEmpty() ? "/" : parentPath)
            .map(
                parent ->
                    "%nThe children of %s are:%n  %s"
                        .formatted(
                            parent.path(),
                            parent.children().stream()
                                .map(Node::name)
                                .collect(Collectors.joining("%n  ".formatted()))))
            .orElse("");
    return failure("Expecting a node at%n  %s%nbut there is none.%s", path, siblings);
  }

  public DeviceTreeAssert hasNode(String path) {
    node(path);
    return this;
  }

  public DeviceTreeAssert hasNoNode(String path) {
    isNotNull();
    if (actual.find(path).isPresent()) {
      throw failure("Expecting no node at%n  %s%nbut there is one.", path);
    }
    return this;
  }

  /**
   * The tree and {@code expected} say the same: references are compared by the nodes they lead to,
   * the order of nodes does not matter unless {@code options} say so. A failure shows what differs.
   */
  public DeviceTreeAssert isSameTreeAs(DeviceTree expected, TreeDiff.Option... options) {
    isNotNull();
    return isSame("the expected tree", expected, options);
  }

  /**
   * Like {@link #isSameTreeAs(DeviceTree, TreeDiff.Option...)} with the tree in a file, a blob or
   * text.
   *
   * @throws UncheckedIOException when the file cannot be read
   */
  public DeviceTreeAssert isSameTreeAs(Path expected, TreeDiff.Option... options) {
    isNotNull();
    return isSame(expected.toString(), read(expected), options);
  }

  private static DeviceTree read(Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      return isBlob(bytes) ? FdtReader.read(bytes) : DtsReader.read(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isBlob(byte[] bytes) {
    boolean blob = bytes.length >= 4;
    for (int i = 0; i < 4 && blob; i++) {
      blob = bytes[i] == (byte) (MAGIC >>> (24 - 8 * i));
    }
    return blob;
  }

  private DeviceTreeAssert isSame(String what, DeviceTree expected, TreeDiff.Option... options) {
    List<Difference> differences = TreeDiff.between(expected, actual, options);
    if (!differences.isEmpty()) {
      int shown = Math.min(MOST_DIFFERENCES, differences.size());
      String more =
          shown == differences.size()
              ? ""
              : "and %d more differences%n".formatted(differences.size() - shown);
      throw failure(
          "Expecting the same tree as%n  %s%nbut (- expected, + actual):%n%s%s",
          what, DiffText.of(differences.subList(0, shown)), more);
    }
    return this;
  }

  /** No rule for guest trees fails, see {@link GuestRules}; a failure lists those that do. */
  public DeviceTreeAssert passesGuestRules() {
    isNotNull();
    CheckResult result = GuestRules.check(actual);
    if (!result.passed()) {
      throw failure(
          "Expecting a tree that a guest accepts, but:%n%s",
          new CheckResult(result.failures()).text());
    }
    return this;
  }

  /** The rule with this id fails, for tests of trees that are broken on purpose. */
  public DeviceTreeAssert breaksGuestRule(String id) {
    isNotNull();
    CheckResult result = GuestRules.check(actual);
    if (result.failures().stream().noneMatch(finding -> finding.rule().equals(id))) {
      throw failure("Expecting rule %s to fail, but it does not.", id);
    }
    return this;
  }
}
