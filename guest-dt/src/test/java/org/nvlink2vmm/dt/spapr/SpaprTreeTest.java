package org.nvlink2vmm.dt.spapr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.nvlink2vmm.dt.spapr.Machines.GIB;
import static org.nvlink2vmm.dt.spapr.Machines.TGT;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Property;

class SpaprTreeTest {

  private static MachineDescription complete(Compat compat, GuestMemory memory) {
    VphbDescription vphb =
        VphbDescription.of(
            0,
            compat.newestMachineType(),
            true,
            List.of(
                Devices.gpu("gpu0", 1, TGT),
                Devices.bridge("npu0", 2, 0, TGT),
                Devices.bridge("npu1", 2, 1, TGT)));
    return new MachineDescription(
        compat,
        compat.newestMachineType(),
        Affinity.FORM1,
        memory,
        List.of(vphb),
        Machines.platform());
  }

  private static DeviceTree completeTree(Compat compat) {
    return Machines.tree(complete(compat, GuestMemory.of(GIB)));
  }

  private static Node node(DeviceTree tree, String path) {
    return tree.find(path).orElseThrow(() -> new AssertionError("no node " + path));
  }

  private static int[] cells(Node node, String property) {
    return node.property(property)
        .orElseThrow(() -> new AssertionError(node + " has no " + property))
        .cells();
  }

  @Test
  void nodesStandInTheOrderOfQemu() {
    assertThat(completeTree(Compat.QEMU_7_0).root().children())
        .extracting(Node::name)
        .containsExactly(
            "chosen",
            "rtas",
            "event-sources",
            "cpus",
            "memory@400000000000",
            "npuphb0",
            "pci@800000020000000",
            "vdevice",
            "memory@0",
            "interrupt-controller");
  }

  @Test
  void thePlatformIsWritten() {
    DeviceTree tree = completeTree(Compat.CORRECTED);
    assertThat(tree.root().string("vm,uuid")).contains("00000000-0000-0000-0000-000000000001");
    assertThat(cells(node(tree, "/interrupt-controller"), "ibm,interrupt-server-ranges"))
        .containsExactly(0, 2);
    assertThat(node(tree, "/vdevice").children())
        .extracting(Node::name)
        .containsExactly("vty@71000000", "nvram@71000001");
    assertThat(cells(node(tree, "/vdevice/nvram@71000001"), "#bytes")).containsExactly(0x1_0000);
    Node rtas = node(tree, "/rtas");
    assertThat(cells(rtas, "ibm,read-pci-config")).containsExactly(0x2001);
    assertThat(cells(rtas, "linux,rtas-base")).containsExactly(0x6f0_0000);
    assertThat(rtas.property("ibm,hypertas-functions").orElseThrow().strings())
        .containsExactly("hcall-pft", "hcall-tce");
    assertThat(cells(node(tree, "/event-sources/epow-events"), "interrupts"))
        .containsExactly(0x1000, 0);
  }

  @Test
  void cpusTellWhatLinuxAndTheDriverReadFromThem() {
    DeviceTree tree = completeTree(Compat.CORRECTED);
    assertThat(node(tree, "/cpus").children())
        .extracting(Node::name)
        .containsExactly("PowerPC,POWER9@0", "PowerPC,POWER9@8");
    Node first = node(tree, "/cpus/PowerPC,POWER9@0");
    assertThat(first.u32("d-cache-block-size")).hasValue(128);
    assertThat(cells(first, "ibm,processor-radix-AP-encodings"))
        .containsExactly(0x0000_000c, 0xa000_0010, 0x2000_0015, 0x4000_001e);
    assertThat(first.has("ibm,vmx")).isTrue();
    assertThat(first.has("ibm,associativity")).isFalse();
    Property features = first.property("ibm,pa-features").orElseThrow();
    assertThat(features.length()).isEqualTo(2 + features.byteAt(0));
    assertThat(features.byteAt(2 + 40)).as("radix").isEqualTo((byte) 0x80);
    Node second = node(tree, "/cpus/PowerPC,POWER9@8");
    assertThat(cells(second, "ibm,ppc-interrupt-server#s")).containsExactly(8, 9);
    assertThat(cells(second, "ibm,ppc-interrupt-gserver#s")).containsExactly(8, 0, 9, 0);
    assertThat(second.has("ibm,vmx")).isFalse();
    assertThat(second.has("ibm,dfp")).isFalse();
  }

  @Test
  void cpusHaveAnAssociativityWhenThereAreNodesToTellApart() {
    DeviceTree tree = Machines.tree(complete(Compat.CORRECTED, GuestMemory.of(GIB, GIB)));
    assertThat(cells(node(tree, "/cpus/PowerPC,POWER9@8"), "ibm,associativity"))
        .containsExactly(5, 0, 0, 0, 0, 8);
  }

  @Test
  void chosenSaysRadixWhereNobodyNegotiates() {
    Node chosen = node(completeTree(Compat.CORRECTED), "/chosen");
    Property vector = chosen.property("ibm,architecture-vec-5").orElseThrow();
    assertThat(vector.length()).isEqualTo(28);
    assertThat(vector.byteAt(24)).isEqualTo((byte) 0x40);
    assertThat(vector.byteAt(26)).isEqualTo((byte) 0x40);
    assertThat(vector.byteAt(5)).isEqualTo((byte) 0x80);
    assertThat(chosen.string("bootargs")).contains("console=hvc0");
    assertThat(chosen.u64("linux,initrd-end")).hasValue(0x380_0000);
  }

  @Test
  void memoryIsSplitIntoNaturallyAlignedPieces() {
    MachineDescription machine =
        new MachineDescription(
            Compat.QEMU_7_0,
            MachineType.PSERIES_7_0,
            Affinity.FORM1,
            GuestMemory.of(3 * GIB, 3 * GIB),
            List.of(),
            List.of());
    assertThat(Machines.tree(machine).root().children())
        .extracting(Node::name)
        .containsExactly(
            "rtas", "memory@100000000", "memory@c0000000", "memory@80000000", "memory@0");
  }

  @Test
  void aNodeWithoutMemoryHasNoMemoryNode() {
    MachineDescription machine =
        new MachineDescription(
            Compat.QEMU_7_0,
            MachineType.PSERIES_7_0,
            Affinity.FORM1,
            GuestMemory.of(GIB, 0L, GIB),
            List.of(),
            List.of());
    DeviceTree tree = Machines.tree(machine);
    assertThat(tree.root().children())
        .extracting(Node::name)
        .containsExactly("rtas", "memory@40000000", "memory@0");
    assertThat(cells(node(tree, "/memory@40000000"), "ibm,associativity"))
        .containsExactly(4, 0, 0, 0, 2);
  }

  @Test
  void release41PadsMemoryNamesAndListsAssignedAddresses() {
    DeviceTree tree = completeTree(Compat.QEMU_4_1);
    assertThat(tree.find("/memory@0000000000000000")).isPresent();
    assertThat(tree.find("/memory@400000000000")).isPresent();
    Node gpu = node(tree, "/pci@800000020000000/3d-controller@1");
    assertThat(gpu.property("assigned-addresses").orElseThrow().length()).isZero();
    assertThat(
            node(completeTree(Compat.QEMU_4_2), "/pci@800000020000000/3d-controller@1")
                .has("assigned-addresses"))
        .isFalse();
  }

  @Test
  void release71OffersASecondDmaWindowExtension() {
    assertThat(
            cells(
                node(completeTree(Compat.QEMU_7_0), "/pci@800000020000000"), "ibm,ddw-extensions"))
        .containsExactly(1, 0x2029);
    assertThat(
            cells(
                node(completeTree(Compat.QEMU_7_1), "/pci@800000020000000"), "ibm,ddw-extensions"))
        .containsExactly(2, 0x2029, 1);
  }

  @Test
  void hotPlugConnectorsAreListedOnDemand() {
    VphbBinding binding =
        new VphbBinding.Complete(0xd00, 0, GIB, false, VphbBinding.NO_NUMA_NODE, true);
    VphbDescription vphb = new VphbDescription(2, NvlinkWindows.NONE, true, binding, List.of());
    Node node =
        node(Machines.tree(Machines.machine(Compat.QEMU_7_0, vphb)), "/pci@800000020000002");
    assertThat(cells(node, "ibm,drc-indexes"))
        .hasSize(257)
        .startsWith(256, 0x4002_0000, 0x4002_0001);
    assertThat(cells(node, "ibm,drc-power-domains")).hasSize(257).startsWith(256, -1);
    Property names = node.property("ibm,drc-names").orElseThrow();
    assertThat(names.cell(0)).isEqualTo(256);
    assertThat(new String(names.bytes(), 4, 8, StandardCharsets.US_ASCII)).isEqualTo("C131072\0");
    assertThat(node.property("ibm,drc-types").orElseThrow().length()).isEqualTo(4 + 256 * 3);
    assertThat(node.has("ibm,ddw-applicable")).isFalse();
  }

  @Test
  void aHostBridgeMayBelongToANumaNode() {
    VphbBinding binding = new VphbBinding.Complete(0xd00, 0, GIB, true, 1, false);
    VphbDescription vphb = new VphbDescription(0, NvlinkWindows.NONE, true, binding, List.of());
    MachineDescription machine =
        Machines.machine(Compat.QEMU_7_0, MachineType.PSERIES_7_0, Affinity.FORM1, 2, vphb);
    assertThat(cells(node(Machines.tree(machine), "/pci@800000020000000"), "ibm,associativity"))
        .containsExactly(4, 0, 0, 0, 1);
    assertThatThrownBy(
            () ->
                Machines.machine(Compat.QEMU_7_0, MachineType.PSERIES_7_0, Affinity.FORM1, 1, vphb))
        .isInstanceOf(Refusal.class)
        .hasMessage("vPHB 0 is on NUMA node 1, the machine has 1");
  }

  @ParameterizedTest
  @CsvSource({
    "0x030200, 3d-controller",
    "0x030000, vga",
    "0x038000, display",
    "0x068001, unknown-bridge",
    "0x060400, pci",
    "0x020000, ethernet",
    "0x00ff00, legacy-device",
    "0x010802, mass-storage",
    "0x010601, sata",
    "0x010400, raid",
    "0x040300, multimedia-device",
    "0x070002, serial",
    "0x078000, communication-controller",
    "0x080501, sd-host-controller",
    "0x088000, system-peripheral",
    "0x0c0300, usb-uhci",
    "0x0c0310, usb-ohci",
    "0x0c0320, usb-ehci",
    "0x0c0330, usb-xhci",
    "0xff0000, pci",
  })
  void nodesAreNamedByTheirClass(String classCode, String name) {
    assertThat(PciClassNames.of(Integer.decode(classCode))).isEqualTo(name);
  }

  @Test
  void theRomOfABridgeIsAtItsOwnRegister() {
    assertThat(new PciBar(PciBar.ROM, PciBar.Kind.MEMORY_32, 0x800).register(false))
        .isEqualTo(0x30);
    assertThat(new PciBar(PciBar.ROM, PciBar.Kind.MEMORY_32, 0x800).register(true)).isEqualTo(0x38);
  }

  @Test
  void aLayoutOfAnotherMachineIsNotTaken() {
    MachineDescription one = Machines.machine(Compat.CORRECTED, Machines.oneGpu(0, TGT));
    MachineDescription none = Machines.machine(Compat.CORRECTED);
    assertThatThrownBy(() -> SpaprTree.write(one, MachineLayout.of(none)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void badFactsAreRefusedWhenTheyAreTold() {
    List<Runnable> bad = new ArrayList<>();
    bad.add(() -> new GpuRamFacts(TGT, 0));
    bad.add(() -> new GpuRamFacts(TGT, -1));
    bad.add(() -> new AtsdFacts(TGT, 9, -1));
    bad.add(() -> PciConfigFacts.of(0x1_0000, 0, 0, 0));
    bad.add(() -> PciConfigFacts.of(0, 0, 0x100, 0));
    bad.add(() -> PciConfigFacts.of(0, 0, 0, 0x100_0000));
    bad.add(() -> new PciBar(7, PciBar.Kind.IO, 1));
    bad.add(() -> new PciBar(0, PciBar.Kind.IO, 0));
    bad.add(() -> PciFunctionDescription.builder("x", 32, 0));
    bad.add(() -> PciFunctionDescription.builder("x", 0, 8));
    bad.add(() -> new SecondaryBus(256, 0, List.of()));
    bad.add(() -> new NumaIds(2, 1));
    bad.add(
        () ->
            PciFunctionDescription.builder("x", 0, 0)
                .behind(new SecondaryBus(1, 0, List.of()))
                .build());
    for (Runnable fact : bad) {
      assertThatThrownBy(fact::run).isInstanceOf(IllegalArgumentException.class);
    }
    List<Runnable> refused = new ArrayList<>();
    refused.add(() -> GuestMemory.of());
    refused.add(() -> GuestMemory.of(0L));
    refused.add(() -> GuestMemory.of(GIB, -1L));
    refused.add(() -> GuestMemory.of(GIB, 0x2000_0000_0000L));
    refused.add(() -> GuestMemory.of(GIB, Long.MAX_VALUE));
    for (Runnable memory : refused) {
      assertThatThrownBy(memory::run).isInstanceOf(Refusal.class);
    }
  }
}
