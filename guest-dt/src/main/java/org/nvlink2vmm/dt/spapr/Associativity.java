package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The NUMA properties of a machine (PAPR associativity; QEMU hw/ppc/spapr_numa.c from 5.2 on,
 * spapr.c before). Lists begin with their own length.
 */
public final class Associativity {
  /** Levels of a FORM1 list. */
  private static final int LEVELS = 4;

  /** NVGPU_MAX_NUM, the number of GPU rows of QEMU's table. */
  private static final int GPU_ROWS = 6;

  /** What FORM1 with three reference points gives between a GPU and any other node. */
  private static final int GPU_DISTANCE = 80;

  /** Nodes that ppc64 kernels are built for (NODES_SHIFT 8). */
  private static final int LINUX_NODES = 256;

  private final Compat compat;
  private final MachineType machineType;
  private final GuestMemory memory;
  private final NumaIds numaIds;
  private final boolean wantsForm2;
  private final boolean form2;
  private final int[][] levels;

  private Associativity(MachineDescription machine, NumaIds numaIds) {
    this.compat = machine.compat();
    this.machineType = machine.machineType();
    this.memory = machine.memory();
    this.numaIds = numaIds;
    this.wantsForm2 = machine.affinity() == Affinity.FORM2;
    this.form2 = wantsForm2 && offersForm2(compat, machineType);
    this.levels = isFlat() ? flatLevels() : levelsByDistance();
  }

  /**
   * @param numaIds the counter after the reset
   * @throws Refusal when the nodes or distances are such that there is no answer
   */
  static Associativity of(MachineDescription machine, NumaIds numaIds) {
    Compat compat = machine.compat();
    int nodes = machine.memory().nodes();
    if (compat == Compat.QEMU_5_2 && nodes > GuestMemory.MAX_NODES - GPU_ROWS) {
      throw Refusal.crash(
          compat, nodes + " guest NUMA nodes and 6 for GPUs overrun a table of 128 rows");
    }
    if (compat.isCorrected() && numaIds.next() > LINUX_NODES) {
      throw Refusal.refused(
          numaIds.next() + " NUMA nodes with those of the GPUs, Linux takes " + LINUX_NODES);
    }
    return new Associativity(machine, numaIds);
  }

  /** Whether a guest can ask for FORM2 here. */
  static boolean offersForm2(Compat compat, MachineType machineType) {
    return compat.isAtLeast(Compat.QEMU_6_2) && machineType.isAtLeast(MachineType.PSERIES_6_2);
  }

  /** Before 5.2 nodes had no hierarchy; later with one node, and with older machine types. */
  private boolean isFlat() {
    return !compat.isAtLeast(Compat.QEMU_5_2)
        || !machineType.isAtLeast(MachineType.PSERIES_5_2)
        || memory.nodes() <= 1;
  }

  private boolean hasOldReferencePoints() {
    return !compat.isAtLeast(Compat.QEMU_5_1) || !machineType.isAtLeast(MachineType.PSERIES_5_1);
  }

  private int[][] flatLevels() {
    int[][] rows = new int[memory.nodes()][LEVELS];
    for (int node = 0; node < rows.length; node++) {
      rows[node][LEVELS - 1] = node;
    }
    return rows;
  }

  /**
   * Two nodes share the domains that their distance calls for; those of the lower node win, and
   * nodes are dealt with in ascending order, so that sharing is passed on.
   */
  private int[][] levelsByDistance() {
    NumaDistances distances = memory.distances();
    if (compat.isCorrected() && !form2 && !distances.isSymmetrical()) {
      throw Refusal.refused(
          "NUMA distances differ by direction, which FORM1 affinity cannot express");
    }
    int[][] rows = new int[memory.nodes()][LEVELS];
    for (int node = 0; node < rows.length; node++) {
      Arrays.fill(rows[node], node);
    }
    for (int from = 0; from < rows.length; from++) {
      for (int to = from; to < rows.length; to++) {
        int shared = sharedLevels(distances.between(from, to));
        System.arraycopy(rows[from], 0, rows[to], 0, shared);
      }
    }
    return rows;
  }

  /** The steps are those of Linux' distance doubling, with QEMU's gaps at 11, 31 and 61. */
  private static int sharedLevels(int distance) {
    if (distance == 10) {
      return 4;
    }
    if (distance > 11 && distance <= 30) {
      return 3;
    }
    if (distance > 31 && distance <= 60) {
      return 2;
    }
    return distance > 61 && distance <= 120 ? 1 : 0;
  }

  /** What is remarkable about it. */
  List<Message> messages() {
    return wantsForm2 && !form2
        ? List.of(
            Message.warning(
                "machine",
                "FORM2 affinity is offered from QEMU 6.2 and pseries-6.2 on, so the guest gets"
                    + " FORM1"))
        : List.of();
  }

  /** {@code ibm,associativity-reference-points}. */
  public int[] referencePoints() {
    if (form2) {
      return new int[] {1};
    }
    if (hasOldReferencePoints()) {
      return new int[] {4, 4};
    }
    return isFlat() ? new int[] {4, 4, 2} : new int[] {4, 3, 2, 1};
  }

  /** {@code ibm,max-associativity-domains}. */
  public int[] maxDomains() {
    int domains = memory.nodes() + numaIds.taken();
    if (form2) {
      return new int[] {1, domains};
    }
    if (isFlat()) {
      int upper = numaIds.next() > 1 ? 1 : 0;
      return new int[] {4, upper, upper, upper, numaIds.next()};
    }
    if (compat == Compat.QEMU_5_2) {
      domains = memory.nodes() + numaIds.next();
    }
    return new int[] {4, domains, domains, domains, domains};
  }

  /** {@code ibm,associativity} of something on one of the guest's own nodes. */
  public int[] guestNode(int node) {
    int[] row = levels[node];
    return form2 ? new int[] {1, node} : new int[] {4, row[0], row[1], row[2], row[3]};
  }

  /** {@code ibm,associativity} of a CPU: that of its node, and the CPU's own id below it. */
  public int[] cpu(int node, int cpuId) {
    int[] row = levels[node];
    return form2
        ? new int[] {2, node, cpuId}
        : new int[] {5, row[0], row[1], row[2], row[3], cpuId};
  }

  /**
   * {@code ibm,associativity} of GPU memory.
   *
   * @throws Refusal when QEMU would read past its table
   */
  public int[] gpu(int numaId) {
    if (compat.isAtLeast(Compat.QEMU_5_2) && !compat.isCorrected()) {
      int rows = GuestMemory.MAX_NODES + (compat == Compat.QEMU_5_2 ? 0 : GPU_ROWS);
      if (numaId >= rows) {
        throw Refusal.crash(
            compat, "GPU NUMA id " + numaId + " is beyond a table of " + rows + " rows");
      }
      if (!form2 && numaId >= memory.nodes() + GPU_ROWS) {
        // A row that was never filled in.
        return new int[5];
      }
    }
    if (form2) {
      return new int[] {1, numaId};
    }
    return hasOldReferencePoints()
        ? new int[] {4, 1, 1, 1, numaId}
        : new int[] {4, numaId, numaId, numaId, numaId};
  }

  /** Whether there are a lookup and a distance table. */
  public boolean hasDistanceTable() {
    return form2;
  }

  /** {@code ibm,numa-lookup-index-table}: a count and the node ids. */
  public int[] lookupTable() {
    List<Integer> nodes = tableNodes();
    int[] table = new int[1 + nodes.size()];
    table[0] = nodes.size();
    for (int i = 0; i < nodes.size(); i++) {
      table[1 + i] = nodes.get(i);
    }
    return table;
  }

  /** {@code ibm,numa-distance-table}: a big-endian 32-bit count, then a byte per pair of nodes. */
  public byte[] distanceTable() {
    List<Integer> nodes = tableNodes();
    int pairs = nodes.size() * nodes.size();
    byte[] table = new byte[4 + pairs];
    table[0] = (byte) (pairs >> 24);
    table[1] = (byte) (pairs >> 16);
    table[2] = (byte) (pairs >> 8);
    table[3] = (byte) pairs;
    int at = 4;
    for (int from : nodes) {
      for (int to : nodes) {
        table[at++] = (byte) distance(from, to);
      }
    }
    return table;
  }

  private List<Integer> tableNodes() {
    List<Integer> nodes = new ArrayList<>();
    for (int node = 0; node < memory.nodes(); node++) {
      nodes.add(node);
    }
    if (compat.isCorrected()) {
      for (int gpu = numaIds.next() - numaIds.taken(); gpu < numaIds.next(); gpu++) {
        nodes.add(gpu);
      }
    }
    return nodes;
  }

  private int distance(int from, int to) {
    if (from == to) {
      return NumaDistances.LOCAL;
    }
    int nodes = memory.nodes();
    return from < nodes && to < nodes ? memory.distances().between(from, to) : GPU_DISTANCE;
  }
}
