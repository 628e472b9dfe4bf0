package org.nvlink2vmm.dt.check;

import java.util.OptionalInt;
import java.util.OptionalLong;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/**
 * How the kernel gets NUMA node ids from {@code ibm,associativity} (PAPR; Linux
 * arch/powerpc/mm/numa.c).
 *
 * @param point the first of {@code ibm,associativity-reference-points} of {@code /rtas}: the
 *     position in an associativity list, counted from 1, that holds the node id
 * @param domains entry {@code point} of {@code ibm,max-associativity-domains}: ids must be below it
 */
record Affinity(OptionalInt point, OptionalLong domains) {
  static Affinity of(DeviceTree tree) {
    Node rtas = tree.find("/rtas").orElse(null);
    if (rtas == null) {
      return new Affinity(OptionalInt.empty(), OptionalLong.empty());
    }
    OptionalInt point = rtas.u32("ibm,associativity-reference-points");
    OptionalInt domains =
        rtas.property("ibm,max-associativity-domains")
            .map(property -> entry(property, point))
            .orElse(OptionalInt.empty());
    return new Affinity(
        point,
        domains.isPresent()
            ? OptionalLong.of(Integer.toUnsignedLong(domains.getAsInt()))
            : OptionalLong.empty());
  }

  /** The NUMA node id of a node; empty where its list does not reach the reference point. */
  OptionalInt nodeId(Node node) {
    return node.property("ibm,associativity")
        .map(property -> entry(property, point))
        .orElse(OptionalInt.empty());
  }

  /** Entry {@code point} of a list that starts with its length. */
  private static OptionalInt entry(Property list, OptionalInt point) {
    if (point.isEmpty() || list.u32().isEmpty()) {
      return OptionalInt.empty();
    }
    int at = point.getAsInt();
    boolean inside =
        at > 0 && at < list.cellCount() && Integer.compareUnsigned(at, list.cell(0)) <= 0;
    return inside ? OptionalInt.of(list.cell(at)) : OptionalInt.empty();
  }
}
