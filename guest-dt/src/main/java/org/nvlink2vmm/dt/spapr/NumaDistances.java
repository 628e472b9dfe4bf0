package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.List;

/**
 * Distances between the guest's own NUMA nodes, in ACPI's scale: 10 is local, 20 twice as far.
 *
 * @param rows one row per node, one distance (10 ... 255) per node in it
 */
public record NumaDistances(List<List<Integer>> rows) {
  static final int LOCAL = 10;
  private static final int REMOTE = 20;

  public NumaDistances {
    rows = rows.stream().map(List::copyOf).toList();
    for (int from = 0; from < rows.size(); from++) {
      if (rows.get(from).size() != rows.size()) {
        throw new IllegalArgumentException(
            "NUMA node %s has %s distances, expected %s"
                .formatted(from, rows.get(from).size(), rows.size()));
      }
      for (int to = 0; to < rows.size(); to++) {
        check(from, to, rows.get(from).get(to));
      }
    }
  }

  private static void check(int from, int to, int distance) {
    if (distance < LOCAL || distance > 255 || (from == to && distance != LOCAL)) {
      throw new IllegalArgumentException(
          "distance %s from NUMA node %s to node %s, expected 10 to itself, to others 10 to 255"
              .formatted(distance, from, to));
    }
  }

  /** QEMU's default: every other node at 20. */
  public static NumaDistances uniform(int nodes) {
    List<List<Integer>> rows = new ArrayList<>();
    for (int from = 0; from < nodes; from++) {
      List<Integer> row = new ArrayList<>();
      for (int to = 0; to < nodes; to++) {
        row.add(from == to ? LOCAL : REMOTE);
      }
      rows.add(row);
    }
    return new NumaDistances(rows);
  }

  int between(int from, int to) {
    return rows.get(from).get(to);
  }

  boolean isSymmetrical() {
    for (int from = 0; from < rows.size(); from++) {
      for (int to = 0; to < from; to++) {
        if (between(from, to) != between(to, from)) {
          return false;
        }
      }
    }
    return true;
  }
}
