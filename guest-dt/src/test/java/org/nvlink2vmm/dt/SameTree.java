package org.nvlink2vmm.dt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Iterator;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;

/** Strict equality: the same nodes and properties in the same order, reservations, boot CPU. */
public final class SameTree {
  private SameTree() {}

  public static void assertSame(DeviceTree found, DeviceTree expected) {
    assertThat(found.reservations()).isEqualTo(expected.reservations());
    assertThat(found.bootCpu()).isEqualTo(expected.bootCpu());
    Iterator<Node> others = expected.nodes().iterator();
    for (Node node : found.nodes()) {
      Node other = others.next();
      if (!node.name().equals(other.name())
          || node.children().size() != other.children().size()
          || !node.properties().equals(other.properties())) {
        assertThat(node.path()).isEqualTo(other.path());
        assertThat(node.properties()).as(node.path()).isEqualTo(other.properties());
        assertThat(node.children()).as(node.path()).hasSameSizeAs(other.children());
      }
    }
    assertThat(others.hasNext()).isFalse();
  }
}
