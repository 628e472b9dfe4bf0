package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.fdt.FdtReader;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;

/** Properties that hold for every machine; a failure names the seed of the machine. */
class RandomMachineTest {
  private static final int MACHINES = 80;

  private record Written(long seed, MachineDescription machine, MachineLayout layout) {
    DeviceTree tree() {
      return SpaprTree.write(machine, layout);
    }

    String label() {
      return "seed " + seed;
    }
  }

  private static Optional<Written> written(long seed, Compat compat) {
    MachineDescription machine = RandomMachine.of(seed).next(compat);
    try {
      return Optional.of(new Written(seed, machine, MachineLayout.afterResets(machine, 2)));
    } catch (Refusal refusal) {
      assertThat(refusal.getMessage()).as("seed " + seed).doesNotContain("\n").isNotBlank();
      return Optional.empty();
    }
  }

  private static List<Written> correctedMachines() {
    List<Written> machines = new ArrayList<>();
    for (long seed = 0; seed < MACHINES; seed++) {
      written(seed, Compat.CORRECTED).ifPresent(machines::add);
    }
    assertThat(machines).as("machines that are not refused").hasSizeGreaterThan(MACHINES / 2);
    return machines;
  }

  @Test
  void phandlesAreUniqueAndReferencesLeadSomewhere() {
    for (Written written : correctedMachines()) {
      DeviceTree tree = written.tree();
      Set<Integer> seen = new HashSet<>();
      for (Node node : tree.nodes()) {
        OptionalInt phandle = node.phandle();
        if (phandle.isPresent()) {
          assertThat(seen.add(phandle.getAsInt())).as("%s: %s", written.label(), node).isTrue();
        }
      }
      Map<Integer, Node> byPhandle = tree.phandles();
      for (Node node : tree.nodes()) {
        referencesHold(written.label() + ": " + node, node, byPhandle);
      }
    }
  }

  private static void referencesHold(String where, Node node, Map<Integer, Node> byPhandle) {
    node.property("ibm,npu")
        .ifPresent(
            list -> {
              assertThat(list.cells()).as(where).isNotEmpty();
              for (int phandle : list.cells()) {
                Node bridge = byPhandle.get(phandle);
                assertThat(bridge.u32("ibm,gpu")).as(where).isEqualTo(node.phandle());
              }
            });
    OptionalInt gpu = node.u32("ibm,gpu");
    if (gpu.isPresent()) {
      assertThat(byPhandle.get(gpu.getAsInt()).property("ibm,npu").orElseThrow().cells())
          .as(where)
          .contains(node.phandle().orElseThrow());
      Node memory = byPhandle.get(node.u32("memory-region").orElseThrow());
      assertThat(memory.isCompatible("ibm,coherent-device-memory")).as(where).isTrue();
      Node link = byPhandle.get(node.u32("ibm,nvlink").orElseThrow());
      assertThat(link.isCompatible("ibm,npu-link")).as(where).isTrue();
      assertThat(link.parent().orElseThrow().isCompatible("ibm,power9-npu")).as(where).isTrue();
    }
  }

  @Test
  void windowsLieApartAlignedAndInsideTheirVphb() {
    for (Written written : correctedMachines()) {
      List<NvlinkMapping> mappings =
          written.layout().mappings().stream()
              .sorted(Comparator.comparingLong(NvlinkMapping::gpa))
              .toList();
      long end = 0;
      for (NvlinkMapping mapping : mappings) {
        String where = written.label() + ": " + mapping;
        assertThat(mapping.gpa()).as(where).isGreaterThanOrEqualTo(end);
        end = mapping.gpa() + mapping.size();
        NvlinkWindows windows =
            NvlinkWindows.of(mapping.function().vphbIndex(), MachineType.PSERIES_7_0);
        if (mapping.function().function().nvlink() instanceof GpuRamFacts) {
          assertThat(mapping.gpa() % (1L << 37)).as(where).isZero();
          assertThat(mapping.gpa()).as(where).isGreaterThanOrEqualTo(windows.gpuRamBase());
          assertThat(end).as(where).isLessThanOrEqualTo(windows.gpuRamEnd());
        } else {
          assertThat(mapping.gpa() % (1L << 16)).as(where).isZero();
          assertThat(mapping.gpa()).as(where).isGreaterThanOrEqualTo(windows.atsdBase());
          assertThat(end).as(where).isLessThanOrEqualTo(windows.atsdEnd());
        }
        assertThat(mapping.gpa() % Long.highestOneBit(mapping.size())).as(where).isZero();
      }
    }
  }

  @Test
  void numaIdsCountUpWithoutGapAndAreCoveredByRtas() {
    for (Written written : correctedMachines()) {
      int next = written.machine().memory().nodes();
      for (NvlinkLayout vphb : written.layout().vphbs()) {
        List<NvlinkSlot> byId =
            vphb.slots().stream().sorted(Comparator.comparingInt(NvlinkSlot::numaId)).toList();
        for (NvlinkSlot slot : byId) {
          assertThat(slot.numaId()).as(written.label()).isEqualTo(next++);
        }
      }
      int[] domains = written.layout().associativity().maxDomains();
      assertThat(domains[domains.length - 1]).as(written.label()).isEqualTo(next);
    }
  }

  @Test
  void atsdListsAreShortEnoughAndPointAtMappedRegisters() {
    for (Written written : correctedMachines()) {
      for (NvlinkLayout vphb : written.layout().vphbs()) {
        assertThat(vphb.atsds()).as(written.label()).hasSizeLessThanOrEqualTo(8);
        assertThat(vphb.mappings())
            .as(written.label())
            .extracting(NvlinkMapping::gpa)
            .containsAll(vphb.atsds());
      }
    }
  }

  @Test
  void everyTreeSurvivesABlob() {
    for (Written written : correctedMachines()) {
      byte[] blob = FdtWriter.bytes(written.tree());
      assertThat(FdtWriter.bytes(FdtReader.read(blob))).as(written.label()).isEqualTo(blob);
    }
  }

  @Test
  void everyReleaseAnswersOrRefuses() {
    for (Compat compat : Compat.values()) {
      int answered = 0;
      for (long seed = 0; seed < MACHINES / 4; seed++) {
        Optional<Written> written = written(seed, compat);
        if (written.isPresent()) {
          assertThat(written.get().tree().root().children()).isNotEmpty();
          answered++;
        }
      }
      assertThat(answered).as(compat.text()).isPositive();
    }
  }
}
