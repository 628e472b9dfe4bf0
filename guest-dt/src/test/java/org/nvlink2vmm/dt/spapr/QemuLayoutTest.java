package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.nvlink2vmm.dt.spapr.Machines.TGT;
import static org.nvlink2vmm.dt.spapr.Machines.machine;
import static org.nvlink2vmm.dt.spapr.Machines.oneGpu;
import static org.nvlink2vmm.dt.spapr.Machines.texts;
import static org.nvlink2vmm.dt.spapr.Machines.tree;
import static org.nvlink2vmm.dt.spapr.Machines.vphb;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** What QEMU does at and beyond its limits, apart from the golden cases. */
class QemuLayoutTest {
  private static final long APERTURE = 0x20_0000_0000L;

  private static PciFunctionDescription gpu(String id, int slot, long tgt, long size) {
    return Devices.gpu(PciFunctionDescription.builder(id, slot, 0), tgt, size, 32);
  }

  private static Refusal.Outcome outcome(MachineDescription machine, String... named) {
    try {
      MachineLayout.of(machine);
    } catch (Refusal refusal) {
      assertThat(refusal).hasMessageContainingAll(named);
      return refusal.outcome();
    }
    throw new AssertionError("not refused");
  }

  @Test
  void gpuMemoryThatRunsIntoAUsedAddressOfTheNextVphbStopsTheTree() {
    VphbDescription overflowing =
        vphb(0, gpu("first", 1, TGT, 0x200_0000_0000L), gpu("second", 2, TGT + 1, APERTURE));
    MachineDescription machine =
        machine(Compat.QEMU_7_0, overflowing, vphb(1, gpu("third", 1, TGT + 2, APERTURE)));
    assertThat(outcome(machine, "second", "third", "FDT_ERR_EXISTS"))
        .isEqualTo(Refusal.Outcome.EXIT);
  }

  @Test
  void gpuMemoryRunsPastTheWindowOfASingleVphbWithoutAWord() {
    MachineDescription machine =
        machine(
            Compat.QEMU_7_0,
            vphb(0, gpu("first", 1, TGT, 0x200_0000_0000L), gpu("second", 2, TGT + 1, APERTURE)));
    MachineLayout layout = MachineLayout.of(machine);
    assertThat(layout.vphbs().getFirst().slots().getLast().gpa()).isEqualTo(0x4200_0000_0000L);
    assertThat(texts(layout)).containsExactly("No ATSD registers found");
  }

  @Test
  void gpuMemoryBeyondAllAddressesIsRefused() {
    MachineDescription machine =
        machine(Compat.QEMU_7_0, vphb(0, gpu("huge", 1, TGT, Long.MAX_VALUE)));
    assertThat(outcome(machine, "huge")).isEqualTo(Refusal.Outcome.REFUSED);
  }

  @Test
  void functionsBehindAMultiFunctionBridgeArePlainPci() {
    SecondaryBus behind = new SecondaryBus(1, 0, List.of(Devices.bridge("npu0", 1, 0, TGT)));
    PciFunctionDescription bridge =
        PciFunctionDescription.builder("bridge", 2, 0)
            .config(PciConfigFacts.of(0x1b36, 1, 0, 0x060400).withHeaderType(0x81))
            .behind(behind)
            .build();
    MachineDescription machine =
        machine(Compat.QEMU_7_0, vphb(0, Devices.gpu("gpu0", 1, TGT), bridge));
    MachineLayout layout = MachineLayout.of(machine);
    assertThat(layout.vphbs().getFirst().links()).isEmpty();

    DeviceTree tree = SpaprTree.write(machine, layout);
    assertThat(tree.find("/pci@800000020000000/pci@2/unknown-bridge@1"))
        .hasValueSatisfying(node -> assertThat(node.has("ibm,gpu")).isFalse());
  }

  @Test
  void aBridgeWithoutAtsdAbortsAlsoAfterAnotherError() {
    List<PciFunctionDescription> functions = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      functions.add(Devices.gpu("gpu" + i, 1 + i, TGT + i));
    }
    functions.add(Devices.bridge(PciFunctionDescription.builder("npu0", 20, 0), TGT, 9, 0));
    MachineDescription machine =
        machine(Compat.QEMU_5_1, vphb(0, functions.toArray(PciFunctionDescription[]::new)));
    assertThat(outcome(machine, "npu0", "no ATSD", "qemu-5.1 aborts"))
        .isEqualTo(Refusal.Outcome.ABORT);
  }

  @Test
  void aBridgeWithoutAtsdAndWithoutTgtIsNotLookedAt() {
    MachineDescription machine =
        machine(
            Compat.QEMU_5_1,
            vphb(0, Devices.bridge(PciFunctionDescription.builder("npu0", 20, 0), 0, 9, 0)));
    assertThat(MachineLayout.of(machine).vphbs().getFirst().exists()).isFalse();
  }

  @Test
  void ofSeveralErrorsInOneWalkTheFirstIsReported() {
    List<PciFunctionDescription> functions = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      functions.add(Devices.bridge("npu" + i, 1, i, TGT));
    }
    for (int i = 0; i < 7; i++) {
      functions.add(Devices.gpu("gpu" + i, 2 + i, TGT + i));
    }
    MachineLayout layout =
        MachineLayout.of(
            machine(Compat.QEMU_6_0, vphb(0, functions.toArray(PciFunctionDescription[]::new))));
    assertThat(texts(layout)).containsExactly("Found too many NVLink bridges per GPU");
    assertThat(layout.messages().getFirst().subject()).contains("npu3");
    assertThat(layout.numaIds().taken()).isEqualTo(6);
  }

  @Test
  void aFailedSetupIsReportedAtEveryReset() {
    List<PciFunctionDescription> functions = new ArrayList<>();
    functions.add(Devices.gpu("gpu0", 1, TGT));
    for (int i = 0; i < 4; i++) {
      functions.add(Devices.bridge("npu" + i, 2, i, TGT));
    }
    MachineDescription machine =
        machine(Compat.QEMU_6_0, vphb(0, functions.toArray(PciFunctionDescription[]::new)));
    assertThat(texts(MachineLayout.afterResets(machine, 3))).hasSize(3);
  }

  @Test
  void theListOfAtsdsMayBeBothTooLongAndWithoutEeh() {
    List<PciFunctionDescription> functions = new ArrayList<>();
    for (int gpu = 0; gpu < 3; gpu++) {
      functions.add(Devices.gpu("gpu" + gpu, 1 + gpu, TGT + gpu));
      for (int link = 0; link < 3; link++) {
        functions.add(Devices.bridge("npu" + gpu + link, 10 + gpu, link, TGT + gpu));
      }
    }
    MachineLayout layout =
        MachineLayout.of(
            machine(
                Compat.QEMU_6_0, vphb(0, false, functions.toArray(PciFunctionDescription[]::new))));
    assertThat(texts(layout))
        .containsExactly(
            "Only 8 ATSD registers supported", "ATSD requires separate vPHB per GPU IOMMU group");
  }

  @Test
  void onlyRelease41StartsNumaIdsAgainAtAReset() {
    VphbDescription vphb = oneGpu(0, TGT);
    assertThat(MachineLayout.afterResets(machine(Compat.QEMU_4_1, vphb), 3).numaIds().next())
        .isEqualTo(2);
    assertThat(MachineLayout.afterResets(machine(Compat.QEMU_4_2, vphb), 3).numaIds().next())
        .isEqualTo(4);
    assertThat(MachineLayout.afterResets(machine(Compat.QEMU_7_0, vphb), 3).numaIds().next())
        .isEqualTo(4);
  }

  @Test
  void theLastCreatedVphbGetsTheLowestNumaIds() {
    MachineLayout layout =
        MachineLayout.of(machine(Compat.QEMU_7_0, oneGpu(5, TGT), oneGpu(2, TGT + 1)));
    assertThat(layout.vphbs())
        .extracting(vphb -> vphb.slots().getFirst().numaId())
        .containsExactly(2, 1);
  }

  @Test
  void atsdAddressesAreConsumedInBusOrderAndListedInSlotOrder() {
    MachineLayout layout =
        MachineLayout.of(
            machine(
                Compat.QEMU_7_0,
                vphb(
                    0,
                    Devices.bridge("npu0", 1, 0, TGT),
                    Devices.bridge("npu1", 2, 0, TGT + 1),
                    Devices.bridge("npu2", 3, 0, TGT),
                    Devices.gpu("gpu1", 4, TGT + 1),
                    Devices.gpu("gpu0", 5, TGT))));
    assertThat(layout.vphbs().getFirst().atsds())
        .containsExactly(0x8000_0000_0000L, 0x8000_0002_0000L, 0x8000_0001_0000L);
    assertThat(layout.vphbs().getFirst().slots())
        .extracting(NvlinkSlot::gpa)
        .containsExactly(0x4020_0000_0000L, 0x4000_0000_0000L);
  }

  @Test
  void aMachineTypeWithoutWindowsShowsPlainPciFunctions() {
    VphbDescription vphb =
        VphbDescription.of(
            0,
            MachineType.PSERIES_4_0,
            true,
            List.of(Devices.gpu("gpu0", 1, TGT), Devices.bridge("npu0", 2, 0, TGT)));
    MachineDescription machine =
        machine(Compat.QEMU_7_0, MachineType.PSERIES_4_0, Affinity.FORM1, 1, vphb);
    assertThat(MachineLayout.of(machine).messages()).isEmpty();
    assertThat(tree(machine).nodes()).noneMatch(node -> node.name().startsWith("npuphb"));
  }

  @Test
  void twoVphbsMayNotShareAnIndex() {
    assertThatThrownBy(() -> machine(Compat.QEMU_7_0, oneGpu(1, TGT), oneGpu(1, TGT + 1)))
        .isInstanceOf(Refusal.class)
        .hasMessage("two vPHBs with index 1");
  }

  @Test
  void twoFunctionsMayNotShareAPlace() {
    assertThatThrownBy(() -> vphb(0, Devices.gpu("gpu0", 1, TGT), Devices.gpu("gpu1", 1, TGT + 1)))
        .isInstanceOf(Refusal.class)
        .hasMessage("gpu0 and gpu1 are both at 01.0 of one bus");
  }

  @Test
  void twoBridgesMayNotLeadToOneBus() {
    SecondaryBus empty = new SecondaryBus(1, 0, List.of());
    assertThatThrownBy(
            () ->
                vphb(
                    0,
                    Devices.pciBridge(PciFunctionDescription.builder("b0", 1, 0), empty),
                    Devices.pciBridge(PciFunctionDescription.builder("b1", 2, 0), empty)))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("bus 1");
  }
}
