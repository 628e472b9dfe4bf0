package org.nvlink2vmm.dt.check;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

/** Rules about what every pseries guest needs, with or without NVLink. */
final class PlatformRules {
  static final List<Rule> RULES =
      List.of(
          Rule.error("memory_node", "there is memory, from address 0 on", PlatformRules::memory),
          Rule.error("cpus_node", "there is a /cpus with processors", PlatformRules::cpus),
          Rule.error("chosen_node", "there is a /chosen", PlatformRules::chosen),
          Rule.error("rtas_node", "there is an /rtas", PlatformRules::rtas),
          Rule.warning(
              "root_compatible", "the root says what machine it is", PlatformRules::rootCompatible),
          Rule.error(
              "numa_distance_table",
              "NUMA distance tables have a distance for each pair of nodes",
              PlatformRules::distanceTable));

  private PlatformRules() {}

  private static void memory(GuestTree guest, Reporter reporter) {
    List<Node> memories = guest.ordinaryMemories();
    if (memories.isEmpty()) {
      reporter.fail(
          guest.tree().root(), "No node has device_type memory: the guest has no RAM to boot in.");
      return;
    }
    boolean fromZero = false;
    for (Node memory : memories) {
      Node parent = memory.parent().orElse(null);
      Property reg = memory.property("reg").orElse(null);
      if (parent == null || reg == null) {
        reporter.fail(memory, "No reg: the kernel does not know where this memory is.");
        continue;
      }
      int cells = Cells.addressCells(parent);
      int entry = cells + Cells.sizeCells(parent);
      fromZero |=
          reg.cellCount() >= entry
              && Cells.number(reg, 0, cells) == 0
              && Cells.number(reg, cells, entry - cells) != 0;
    }
    if (!fromZero) {
      reporter.fail(
          memories.getFirst(),
          "No memory starts at address 0: firmware and kernel are loaded into nothing.");
    }
  }

  private static void cpus(GuestTree guest, Reporter reporter) {
    if (guest.tree().find("/cpus").isEmpty()) {
      reporter.missing(
          guest, guest.tree().root(), "No /cpus: a kernel finds no processor and stops.");
    } else if (guest.cpus().isEmpty()) {
      reporter.fail(
          guest.tree().find("/cpus").get(),
          "No child has device_type cpu: a kernel finds no processor and stops.");
    }
    for (Node cpu : guest.cpus()) {
      if (!cpu.has("reg")) {
        reporter.fail(cpu, "No reg: the kernel cannot start this processor.");
      }
    }
  }

  private static void chosen(GuestTree guest, Reporter reporter) {
    if (guest.tree().find("/chosen").isEmpty()) {
      reporter.missing(
          guest, guest.tree().root(), "No /chosen: the guest has no console and no command line.");
    }
  }

  private static void rtas(GuestTree guest, Reporter reporter) {
    if (guest.tree().find("/rtas").isEmpty()) {
      reporter.missing(
          guest,
          guest.tree().root(),
          "No /rtas: the guest cannot read PCI config space or NUMA limits.");
    }
  }

  private static void rootCompatible(GuestTree guest, Reporter reporter) {
    Node root = guest.tree().root();
    if (!root.has("compatible")) {
      reporter.fail(root, "No compatible: no kernel takes this for a machine that it knows.");
    } else if (root.isCompatible("ibm,powernv")) {
      reporter.fail(
          root, "This is the tree of an OPAL host; what a guest needs is not expected in it.");
    }
  }

  /** FORM2 affinity: Linux arch/powerpc/mm/numa.c, PAPR. */
  private static void distanceTable(GuestTree guest, Reporter reporter) {
    Node rtas = guest.tree().find("/rtas").orElse(null);
    if (rtas == null || !rtas.has("ibm,numa-lookup-index-table")) {
      return;
    }
    Property index = rtas.property("ibm,numa-lookup-index-table").orElseThrow();
    Property table = rtas.property("ibm,numa-distance-table").orElse(null);
    long count = Integer.toUnsignedLong(index.u32().orElse(0));
    if (count != index.cellCount() - 1L) {
      reporter.fail(
          rtas,
          "ibm,numa-lookup-index-table says %d nodes and holds %d: NUMA distances are misread."
              .formatted(count, index.cellCount() - 1));
      return;
    }
    long pairs = table == null ? 0 : Integer.toUnsignedLong(table.u32().orElse(0));
    if (table == null || pairs != count * count || table.length() - 4 != pairs) {
      reporter.fail(
          rtas,
          "ibm,numa-distance-table does not hold %d distances: the kernel drops NUMA."
              .formatted(count * count));
      return;
    }
    Map<Integer, Integer> known = new HashMap<>();
    for (int i = 1; i < index.cellCount(); i++) {
      known.put(index.cell(i), i);
    }
    for (Node memory : guest.gpuMemories()) {
      guest
          .affinity()
          .nodeId(memory)
          .ifPresent(
              id -> {
                if (!known.containsKey(id)) {
                  reporter.warn(
                      memory,
                      "NUMA node %d is in no distance table: the guest takes it as far away as can"
                              .formatted(id)
                          + " be.");
                }
              });
    }
  }
}
