package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.nvlink2vmm.dt.spapr.Compat.CORRECTED;
import static org.nvlink2vmm.dt.spapr.Machines.TGT;
import static org.nvlink2vmm.dt.spapr.Machines.machine;
import static org.nvlink2vmm.dt.spapr.Machines.oneGpu;
import static org.nvlink2vmm.dt.spapr.Machines.texts;
import static org.nvlink2vmm.dt.spapr.Machines.tree;
import static org.nvlink2vmm.dt.spapr.Machines.vphb;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.dt.check.CheckResult;
import org.nvlink2vmm.dt.check.GuestRules;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;

/** One test per row of the table at {@link Compat}. */
class CorrectedLayoutTest {

  private static PciFunctionDescription bridge(String id, int slot, long tgt, long atsdSize) {
    return Devices.bridge(PciFunctionDescription.builder(id, slot, 0), tgt, 9, atsdSize);
  }

  private static PciFunctionDescription gpu(String id, int slot, long tgt, long size) {
    return Devices.gpu(PciFunctionDescription.builder(id, slot, 0), tgt, size, 16);
  }

  private static VphbDescription vphbOf(List<PciFunctionDescription> functions) {
    return vphb(0, functions.toArray(PciFunctionDescription[]::new));
  }

  private static Node node(DeviceTree tree, String path) {
    return tree.find(path).orElseThrow();
  }

  @Test
  void anOrphanBridgeIsPlainPci() {
    MachineDescription machine =
        machine(
            CORRECTED,
            vphb(
                0,
                bridge("orphan", 1, TGT + 1, 0x1_0000),
                Devices.gpu("gpu0", 2, TGT),
                Devices.bridge("npu0", 3, 0, TGT)));
    MachineLayout layout = MachineLayout.of(machine);
    DeviceTree tree = SpaprTree.write(machine, layout);
    Node orphan = node(tree, "/pci@800000020000000/unknown-bridge@1");
    assertThat(orphan.properties())
        .extracting(property -> property.name())
        .doesNotContain("phandle", "ibm,gpu", "ibm,nvlink", "memory-region", "ibm,device-tgt-addr");
    assertThat(layout.messages()).singleElement().asString().contains("orphan", "no GPU");
    assertThat(layout.vphbs().getFirst().slots()).singleElement().extracting("number").isEqualTo(0);
    assertThat(layout.vphbs().getFirst().atsds()).containsExactly(0x8000_0000_0000L);
  }

  @Test
  void aBridgeWithoutAtsdKeepsItsLink() {
    MachineDescription machine =
        machine(
            CORRECTED,
            vphb(
                0,
                Devices.gpu("gpu0", 1, TGT),
                bridge("npu0", 2, TGT, 0),
                bridge("npu1", 3, TGT, 0x1_0000)));
    NvlinkLayout layout = MachineLayout.of(machine).vphbs().getFirst();
    assertThat(layout.links()).extracting(NvlinkLink::hasAtsd).containsExactly(false, true);
    assertThat(layout.atsds()).containsExactly(0x8000_0000_0000L);
    assertThat(layout.mappings()).hasSize(2);
    Node npu0 = node(tree(machine), "/pci@800000020000000/unknown-bridge@2");
    assertThat(npu0.u64("ibm,device-tgt-addr")).hasValue(TGT);
  }

  @Test
  void twoGpusOfOneTgtAreRefusedByName() {
    assertThatThrownBy(
            () ->
                MachineLayout.of(
                    machine(
                        CORRECTED,
                        vphb(0, Devices.gpu("left", 1, TGT), Devices.gpu("right", 2, TGT)))))
        .isInstanceOf(Refusal.class)
        .hasMessageContainingAll("left", "right", "0x40000000000");
  }

  @Test
  void aSeventhGpuIsRefusedByName() {
    List<PciFunctionDescription> functions = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      functions.add(Devices.gpu("gpu" + i, 1 + i, TGT + i));
    }
    assertThatThrownBy(() -> MachineLayout.of(machine(CORRECTED, vphbOf(functions))))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("gpu6 (vPHB 0, 00:07.0) is one GPU too many");
  }

  @Test
  void aFourthBridgeIsRefusedByName() {
    List<PciFunctionDescription> functions = new ArrayList<>();
    functions.add(Devices.gpu("gpu0", 1, TGT));
    for (int i = 0; i < 4; i++) {
      functions.add(Devices.bridge("npu" + i, 2, i, TGT));
    }
    assertThatThrownBy(() -> MachineLayout.of(machine(CORRECTED, vphbOf(functions))))
        .isInstanceOf(Refusal.class)
        .hasMessageContainingAll("npu3", "gpu0");
  }

  @Test
  void atsdsBeyondTheEighthAreLeftOutByName() {
    List<PciFunctionDescription> functions = new ArrayList<>();
    for (int gpu = 0; gpu < 5; gpu++) {
      functions.add(Devices.gpu("gpu" + gpu, 1 + gpu, TGT + gpu));
      functions.add(Devices.bridge("npu" + gpu + "0", 10 + gpu, 0, TGT + gpu));
      functions.add(Devices.bridge("npu" + gpu + "1", 10 + gpu, 1, TGT + gpu));
    }
    MachineLayout layout = MachineLayout.of(machine(CORRECTED, vphbOf(functions)));
    assertThat(layout.vphbs().getFirst().atsds()).hasSize(8);
    assertThat(layout.messages())
        .extracting(Message::toString)
        .anyMatch(text -> text.contains("npu40") && text.contains("npu41"));
  }

  @Test
  void aGpuWithoutBridgeHasItsMemoryAndNothingElse() {
    MachineDescription machine = machine(CORRECTED, vphb(0, Devices.gpu("gpu0", 1, TGT)));
    DeviceTree tree = tree(machine);
    assertThat(node(tree, "/pci@800000020000000/3d-controller@1").has("ibm,npu")).isFalse();
    assertThat(tree.find("/npuphb0")).isEmpty();
    assertThat(tree.find("/memory@400000000000")).isPresent();
  }

  @Test
  void numaIdsAreTheSameAfterEveryReset() {
    MachineDescription machine = machine(CORRECTED, oneGpu(0, TGT), oneGpu(1, TGT + 1));
    assertThat(MachineLayout.afterResets(machine, 5).vphbs())
        .isEqualTo(MachineLayout.of(machine).vphbs());
  }

  @Test
  void numaIdsFollowTheOrderOfCreation() {
    MachineLayout layout = MachineLayout.of(machine(CORRECTED, oneGpu(5, TGT), oneGpu(2, TGT + 1)));
    assertThat(layout.vphbs())
        .extracting(vphb -> vphb.slots().getFirst().numaId())
        .containsExactly(1, 2);
  }

  @Test
  void everyGpuHasAssociativity() {
    List<VphbDescription> vphbs = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      vphbs.add(oneGpu(i, TGT + i));
    }
    DeviceTree tree = tree(machine(CORRECTED, vphbs.toArray(VphbDescription[]::new)));
    assertThat(
            node(tree, "/memory@4e0000000000").property("ibm,associativity").orElseThrow().cells())
        .containsExactly(4, 8, 8, 8, 8);
  }

  @Test
  void phandlesBehindABridgeCarryTheBusNumber() {
    SecondaryBus behind =
        new SecondaryBus(
            3, 0, List.of(Devices.bridge("npu0", 1, 0, TGT), Devices.bridge("npu1", 3, 0, TGT)));
    MachineDescription machine =
        machine(
            CORRECTED,
            vphb(
                1,
                Devices.gpu("gpu0", 1, TGT),
                Devices.pciBridge(PciFunctionDescription.builder("bridge", 2, 0), behind)));
    NvlinkSlot slot = MachineLayout.of(machine).vphbs().getFirst().slots().getFirst();
    assertThat(slot.gpuPhandle()).isEqualTo(0x1201_0008);
    assertThat(slot.links())
        .extracting(NvlinkLink::bridgePhandle)
        .containsExactly(0x1201_0308, 0x1201_0318);
  }

  @Test
  void functionsBehindAMultiFunctionBridgeAreCollected() {
    SecondaryBus behind = new SecondaryBus(1, 0, List.of(Devices.bridge("npu0", 1, 0, TGT)));
    PciFunctionDescription bridge =
        PciFunctionDescription.builder("bridge", 2, 0)
            .config(PciConfigFacts.of(0x1b36, 1, 0, 0x060400).withHeaderType(0x81))
            .behind(behind)
            .build();
    MachineLayout layout =
        MachineLayout.of(machine(CORRECTED, vphb(0, Devices.gpu("gpu0", 1, TGT), bridge)));
    assertThat(layout.vphbs().getFirst().links()).hasSize(1);
  }

  @Test
  void aperturesAreAlignedTo128GibAndToTheirSize() {
    NvlinkLayout layout =
        MachineLayout.of(
                machine(
                    CORRECTED,
                    vphb(
                        0,
                        gpu("small", 1, TGT, 0x4_0000_0000L),
                        gpu("large", 2, TGT + 1, 0x30_0000_0000L),
                        gpu("medium", 3, TGT + 2, 0x8_0000_0000L))))
            .vphbs()
            .getFirst();
    assertThat(layout.slots())
        .extracting(NvlinkSlot::gpa)
        .containsExactly(0x4000_0000_0000L, 0x4040_0000_0000L, 0x4080_0000_0000L);
  }

  @Test
  void anApertureThatDoesNotFitIsRefusedByName() {
    assertThatThrownBy(
            () ->
                MachineLayout.of(
                    machine(
                        CORRECTED,
                        vphb(
                            0,
                            gpu("first", 1, TGT, 0x1f0_0000_0000L),
                            gpu("second", 2, TGT + 1, 0x20_0000_0000L)))))
        .isInstanceOf(Refusal.class)
        .hasMessageContainingAll("second", "0x420000000000", "GPU RAM window");
  }

  @Test
  void sizesNearTheEndOfNumbersAreRefused() {
    for (long size : new long[] {1L << 62, (1L << 62) + 1, Long.MAX_VALUE}) {
      assertThatThrownBy(
              () ->
                  MachineLayout.of(
                      machine(
                          CORRECTED,
                          vphb(0, gpu("gpu0", 1, TGT, size), bridge("npu0", 2, TGT, 0x1000)))))
          .isInstanceOf(Refusal.class)
          .hasMessageContaining("gpu0");
      assertThatThrownBy(
              () ->
                  MachineLayout.of(
                      machine(
                          CORRECTED,
                          vphb(0, Devices.gpu("gpu0", 1, TGT), bridge("npu0", 2, TGT, size)))))
          .isInstanceOf(Refusal.class)
          .hasMessageContaining("npu0");
    }
  }

  @Test
  void smallAtsdRegionsHavePagesOfTheirOwn() {
    NvlinkLayout layout =
        MachineLayout.of(
                machine(
                    CORRECTED,
                    vphb(
                        0,
                        Devices.gpu("gpu0", 1, TGT),
                        bridge("npu0", 2, TGT, 0x1000),
                        bridge("npu1", 3, TGT, 0x1_0000),
                        bridge("npu2", 4, TGT, 0x1000))))
            .vphbs()
            .getFirst();
    assertThat(layout.atsds())
        .containsExactly(0x8000_0000_0000L, 0x8000_0001_0000L, 0x8000_0002_0000L);
  }

  @Test
  void linkNodesHaveAReg() {
    Node npu = node(tree(machine(CORRECTED, oneGpu(0, TGT))), "/npuphb0");
    assertThat(npu.children()).extracting(Node::name).containsExactly("link@1", "link@0");
    assertThat(npu.children())
        .extracting(link -> link.u32("reg").orElseThrow())
        .containsExactly(1, 0);
  }

  @Test
  void withoutEehThereIsNoAtsdAndAWarning() {
    MachineLayout layout =
        MachineLayout.of(
            machine(
                CORRECTED,
                vphb(4, false, Devices.gpu("gpu0", 1, TGT), Devices.bridge("npu0", 2, 0, TGT))));
    assertThat(layout.vphbs().getFirst().atsds()).isEmpty();
    assertThat(layout.messages()).singleElement().asString().contains("vPHB 4", "EEH");
  }

  @Test
  void oneTgtOnTwoVphbsIsRemarkable() {
    MachineLayout layout = MachineLayout.of(machine(CORRECTED, oneGpu(0, TGT), oneGpu(1, TGT)));
    assertThat(layout.vphbs()).allMatch(NvlinkLayout::exists);
    assertThat(layout.messages()).singleElement().asString().contains("gpu0", "gpu1");
  }

  @Test
  void aMachineTypeWithoutWindowsIsRemarkable() {
    MachineDescription machine =
        machine(
            CORRECTED,
            MachineType.PSERIES_4_0,
            Affinity.FORM1,
            1,
            VphbDescription.of(
                0, MachineType.PSERIES_4_0, true, List.of(Devices.gpu("gpu0", 1, TGT))));
    assertThat(texts(MachineLayout.of(machine)))
        .singleElement()
        .asString()
        .contains("no NVLink windows", "gpu0");
  }

  @Test
  void ramThatIsNotMadeOfPagesIsRefusedByName() {
    assertThatThrownBy(
            () -> MachineLayout.of(machine(CORRECTED, vphb(0, gpu("odd", 1, TGT, 0x123_4567)))))
        .isInstanceOf(Refusal.class)
        .hasMessageContainingAll("odd", "0x1234567", "64 KiB");
  }

  @Test
  void unitAddressesOfLinksAreHexadecimal() {
    List<PciFunctionDescription> functions = new ArrayList<>();
    for (int gpu = 0; gpu < 4; gpu++) {
      functions.add(Devices.gpu("gpu" + gpu, 1 + gpu, TGT + gpu));
      for (int link = 0; link < 3; link++) {
        functions.add(Devices.bridge("npu" + gpu + link, 10 + gpu, link, TGT + gpu));
      }
    }
    assertThat(tree(machine(CORRECTED, vphbOf(functions))).find("/npuphb0/link@b")).isPresent();
    assertThat(tree(machine(Compat.QEMU_7_0, vphbOf(functions))).find("/npuphb0/link@11"))
        .isPresent();
  }

  /** The two shapes of the AC922: per socket two GPUs of three links, or three of two. */
  @ParameterizedTest
  @CsvSource({"2, 3", "3, 2"})
  void aWitherspoonSatisfiesItsGuest(int gpus, int links) {
    List<VphbDescription> vphbs = new ArrayList<>();
    for (int socket = 0; socket < 2; socket++) {
      List<PciFunctionDescription> functions = new ArrayList<>();
      for (int gpu = 0; gpu < gpus; gpu++) {
        long tgt = TGT + socket * 0x800_0000_0000L + gpu * 0x20_0000_0000L;
        functions.add(Devices.gpu("gpu" + socket + gpu, 1 + gpu, tgt));
        for (int link = 0; link < links; link++) {
          functions.add(Devices.bridge("npu" + socket + gpu + link, 10 + gpu, link, tgt));
        }
      }
      vphbs.add(VphbDescription.of(socket, MachineType.PSERIES_7_0, true, functions));
    }
    MachineDescription machine =
        new MachineDescription(
            CORRECTED,
            MachineType.PSERIES_7_0,
            Affinity.FORM1,
            GuestMemory.of(4 * Machines.GIB),
            vphbs,
            Machines.platform());
    MachineLayout layout = MachineLayout.of(machine);
    CheckResult result = GuestRules.check(SpaprTree.write(machine, layout));
    assertThat(layout.messages()).isEmpty();
    assertThat(result.failures()).isEmpty();
    assertThat(result.warnings()).isEmpty();
  }
}
