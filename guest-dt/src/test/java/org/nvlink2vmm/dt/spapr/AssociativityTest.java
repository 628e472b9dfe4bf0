package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AssociativityTest {

  private static Associativity associativity(
      Compat compat, MachineType type, Affinity affinity, int nodes, int gpus) {
    NumaIds ids = NumaIds.start(nodes);
    for (int i = 0; i < gpus; i++) {
      ids = ids.afterTaking();
    }
    return Associativity.of(Machines.machine(compat, type, affinity, nodes), ids);
  }

  private static String cells(int... cells) {
    return String.join(" ", Arrays.stream(cells).mapToObj(Integer::toString).toList());
  }

  /** Three GPUs; the GPU asked for is the second. */
  @ParameterizedTest
  @CsvSource({
    // release, machine type, nodes: reference points, max domains, GPU
    "qemu-4.1, pseries-4.1, 1, 4 4,     4 1 1 1 4, 4 1 1 1 2",
    "qemu-4.2, pseries-4.2, 2, 4 4,     4 1 1 1 5, 4 1 1 1 3",
    "qemu-5.0, pseries-5.0, 1, 4 4,     4 1 1 1 4, 4 1 1 1 2",
    "qemu-5.1, pseries-5.0, 1, 4 4,     4 1 1 1 4, 4 1 1 1 2",
    "qemu-5.1, pseries-5.1, 1, 4 4 2,   4 1 1 1 4, 4 2 2 2 2",
    "qemu-5.1, pseries-5.1, 2, 4 4 2,   4 1 1 1 5, 4 3 3 3 3",
    "qemu-5.2, pseries-4.2, 2, 4 4,     4 1 1 1 5, 4 1 1 1 3",
    "qemu-5.2, pseries-5.1, 2, 4 4 2,   4 1 1 1 5, 4 3 3 3 3",
    "qemu-5.2, pseries-5.2, 1, 4 4 2,   4 1 1 1 4, 4 2 2 2 2",
    "qemu-5.2, pseries-5.2, 2, 4 3 2 1, 4 7 7 7 7, 4 3 3 3 3",
    "qemu-6.0, pseries-5.2, 2, 4 3 2 1, 4 5 5 5 5, 4 3 3 3 3",
    "qemu-6.1, pseries-6.1, 3, 4 3 2 1, 4 6 6 6 6, 4 4 4 4 4",
    "qemu-6.2, pseries-6.2, 2, 4 3 2 1, 4 5 5 5 5, 4 3 3 3 3",
    "qemu-7.0, pseries-5.0, 2, 4 4,     4 1 1 1 5, 4 1 1 1 3",
    "qemu-7.0, pseries-7.0, 1, 4 4 2,   4 1 1 1 4, 4 2 2 2 2",
    "qemu-7.1, pseries-7.1, 4, 4 3 2 1, 4 7 7 7 7, 4 5 5 5 5",
    "corrected, pseries-7.0, 1, 4 4 2,  4 1 1 1 4, 4 2 2 2 2",
    "corrected, pseries-7.0, 2, 4 3 2 1, 4 5 5 5 5, 4 3 3 3 3",
  })
  void form1FollowsReleaseAndMachineType(
      String compat, String type, int nodes, String points, String domains, String gpu) {
    Associativity associativity =
        associativity(
            Compat.of(compat).orElseThrow(),
            MachineType.of(type).orElseThrow(),
            Affinity.FORM1,
            nodes,
            3);
    assertThat(cells(associativity.referencePoints())).isEqualTo(points);
    assertThat(cells(associativity.maxDomains())).isEqualTo(domains);
    assertThat(cells(associativity.gpu(nodes + 1))).isEqualTo(gpu);
    assertThat(associativity.hasDistanceTable()).isFalse();
  }

  @Test
  void withoutGpusTheUpperDomainsCountOnlyBeyondOneNode() {
    assertThat(
            associativity(Compat.QEMU_7_0, MachineType.PSERIES_7_0, Affinity.FORM1, 1, 0)
                .maxDomains())
        .containsExactly(4, 0, 0, 0, 1);
    assertThat(
            associativity(Compat.QEMU_7_0, MachineType.PSERIES_5_1, Affinity.FORM1, 2, 0)
                .maxDomains())
        .containsExactly(4, 1, 1, 1, 2);
  }

  @Test
  void form2OfQemuLeavesGpusOutOfItsTables() {
    Associativity associativity =
        associativity(Compat.QEMU_6_2, MachineType.PSERIES_6_2, Affinity.FORM2, 2, 2);
    assertThat(associativity.referencePoints()).containsExactly(1);
    assertThat(associativity.maxDomains()).containsExactly(1, 4);
    assertThat(associativity.guestNode(1)).containsExactly(1, 1);
    assertThat(associativity.cpu(1, 9)).containsExactly(2, 1, 9);
    assertThat(associativity.gpu(3)).containsExactly(1, 3);
    assertThat(associativity.lookupTable()).containsExactly(2, 0, 1);
    assertThat(associativity.distanceTable()).containsExactly(0, 0, 0, 4, 10, 20, 20, 10);
  }

  @Test
  void correctedForm2TablesHoldTheGpus() {
    Associativity associativity =
        associativity(Compat.CORRECTED, MachineType.PSERIES_7_0, Affinity.FORM2, 2, 1);
    assertThat(associativity.lookupTable()).containsExactly(3, 0, 1, 2);
    assertThat(associativity.distanceTable())
        .containsExactly(0, 0, 0, 9, 10, 20, 80, 20, 10, 80, 80, 80, 10);
    assertThat(associativity.maxDomains()).containsExactly(1, 3);
  }

  @ParameterizedTest
  @CsvSource({"qemu-6.1, pseries-6.1", "qemu-7.0, pseries-6.1", "corrected, pseries-5.0"})
  void form2IsNotGivenWhereItIsNotOffered(String compat, String type) {
    Associativity associativity =
        associativity(
            Compat.of(compat).orElseThrow(),
            MachineType.of(type).orElseThrow(),
            Affinity.FORM2,
            1,
            1);
    assertThat(associativity.hasDistanceTable()).isFalse();
    assertThat(associativity.messages()).hasSize(1);
  }

  private static Associativity ofDistances(Compat compat, List<List<Integer>> rows) {
    GuestMemory memory =
        new GuestMemory(
            Collections.nCopies(rows.size(), Machines.GIB), Machines.GIB, new NumaDistances(rows));
    MachineDescription machine =
        new MachineDescription(
            compat, compat.newestMachineType(), Affinity.FORM1, memory, List.of(), List.of());
    return Associativity.of(machine, NumaIds.start(rows.size()));
  }

  /** What Debian's QEMU 7.2 wrote for these distances and machine type pseries-6.2. */
  @Test
  void nearNodesShareDomainsAndPassThemOn() {
    Associativity associativity =
        ofDistances(
            Compat.QEMU_7_0,
            List.of(
                List.of(10, 30, 31, 120),
                List.of(30, 10, 61, 40),
                List.of(31, 61, 10, 12),
                List.of(120, 40, 12, 10)));
    assertThat(associativity.guestNode(0)).containsExactly(4, 0, 0, 0, 0);
    assertThat(associativity.guestNode(1)).containsExactly(4, 0, 0, 0, 1);
    assertThat(associativity.guestNode(2)).containsExactly(4, 2, 2, 2, 2);
    assertThat(associativity.guestNode(3)).containsExactly(4, 2, 2, 2, 3);
    assertThat(associativity.cpu(3, 8)).containsExactly(5, 2, 2, 2, 3, 8);
  }

  @ParameterizedTest
  @CsvSource({
    "10, 0 0 0 0", "11, 1 1 1 1", "12, 0 0 0 1", "30, 0 0 0 1", "31, 1 1 1 1", "32, 0 0 1 1",
    "60, 0 0 1 1", "61, 1 1 1 1", "62, 0 1 1 1", "120, 0 1 1 1", "121, 1 1 1 1", "255, 1 1 1 1",
  })
  void theStepsOfTheDistanceHeuristic(int distance, String domains) {
    Associativity associativity =
        ofDistances(Compat.QEMU_5_2, List.of(List.of(10, distance), List.of(distance, 10)));
    assertThat(cells(associativity.guestNode(1))).isEqualTo("4 " + domains);
  }

  @Test
  void distancesThatDifferByDirectionAreRefused() {
    List<List<Integer>> rows = List.of(List.of(10, 20), List.of(30, 10));
    assertThatThrownBy(() -> ofDistances(Compat.CORRECTED, rows)).isInstanceOf(Refusal.class);
    assertThat(ofDistances(Compat.QEMU_7_0, rows).guestNode(1)).containsExactly(4, 0, 0, 0, 1);
  }

  @ParameterizedTest
  @CsvSource({"9", "256", "0", "-1"})
  void distancesOutOfRangeAreRefused(int distance) {
    assertThatThrownBy(() -> new NumaDistances(List.of(List.of(10, distance), List.of(20, 10))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void qemuHasRowsForSixGpusOnly() {
    Associativity associativity =
        associativity(Compat.QEMU_7_0, MachineType.PSERIES_7_0, Affinity.FORM1, 1, 7);
    assertThat(associativity.gpu(6)).containsExactly(4, 6, 6, 6, 6);
    assertThat(associativity.gpu(7)).containsExactly(0, 0, 0, 0, 0);
    assertThat(associativity(Compat.QEMU_5_1, MachineType.PSERIES_5_1, Affinity.FORM1, 1, 7).gpu(7))
        .containsExactly(4, 7, 7, 7, 7);
    assertThat(
            associativity(Compat.CORRECTED, MachineType.PSERIES_7_0, Affinity.FORM1, 1, 7).gpu(7))
        .containsExactly(4, 7, 7, 7, 7);
  }

  @Test
  void form2HasRowsForAllIdsInTheTable() {
    Associativity associativity =
        associativity(Compat.QEMU_7_0, MachineType.PSERIES_7_0, Affinity.FORM2, 1, 7);
    assertThat(associativity.gpu(7)).containsExactly(1, 7);
  }

  @ParameterizedTest
  @CsvSource({"qemu-5.2, 128", "qemu-6.0, 134", "qemu-7.0, 134"})
  void qemuReadsPastItsTableAfterManyResets(String compat, int rows) {
    Compat release = Compat.of(compat).orElseThrow();
    Associativity associativity =
        associativity(release, release.newestMachineType(), Affinity.FORM1, 1, rows);
    assertThat(associativity.gpu(rows - 1)).containsExactly(0, 0, 0, 0, 0);
    assertThatThrownBy(() -> associativity.gpu(rows))
        .isInstanceOfSatisfying(
            Refusal.class,
            refusal -> assertThat(refusal.outcome()).isEqualTo(Refusal.Outcome.CRASH));
  }

  @Test
  void release52OverrunsItsTableWithOver122Nodes() {
    assertThat(
            associativity(Compat.QEMU_5_2, MachineType.PSERIES_5_2, Affinity.FORM1, 122, 0)
                .guestNode(121))
        .hasSize(5);
    assertThatThrownBy(
            () -> associativity(Compat.QEMU_5_2, MachineType.PSERIES_5_2, Affinity.FORM1, 123, 0))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("crashes");
    assertThat(
            associativity(Compat.QEMU_6_0, MachineType.PSERIES_6_0, Affinity.FORM1, 128, 0)
                .guestNode(127))
        .hasSize(5);
  }
}
