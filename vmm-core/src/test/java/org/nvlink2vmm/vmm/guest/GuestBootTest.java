package org.nvlink2vmm.vmm.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.vmm.guest.GuestReport.Ats;
import org.nvlink2vmm.vmm.guest.GuestReport.Check;
import org.nvlink2vmm.vmm.guest.GuestReport.Outcome;

class GuestBootTest {
  private final ScriptedMachine machine = new ScriptedMachine();
  private final Checks checks = new Checks();

  private Check onlyFailure() {
    List<Check> failed =
        checks.all().stream().filter(check -> check.outcome() == Outcome.FAIL).toList();
    assertThat(failed).hasSize(1);
    return failed.getFirst();
  }

  @Test
  void withoutATreeThereIsNothingToBootFrom() {
    assertThat(GuestBoot.of(machine, checks)).isEmpty();
    assertThat(onlyFailure().id()).isEqualTo("tree");
    assertThat(onlyFailure().detail())
        .isEqualTo("no device tree at 0x100000: found 0x0, expected 0xd00dfeed");
    assertThat(GuestBoot.failed("probe", checks).passed()).isFalse();
  }

  @Test
  void aTreeThatClaimsToBeHugeIsNotRead() {
    byte[] header = ByteBuffer.allocate(40).putInt(0xd00dfeed).putInt(0x7fffffff).array();
    machine.put(ScriptedMachine.TREE, header);
    assertThat(GuestBoot.of(machine, checks)).isEmpty();
    assertThat(onlyFailure().detail()).contains("has 2147483647 bytes, at most 2097152");
  }

  @Test
  void aBrokenTreeIsAFailedCheckAndNoException() {
    byte[] blob = FdtWriter.bytes(new DeviceTree());
    for (int i = 8; i < blob.length; i += 4) {
      byte[] broken = blob.clone();
      broken[i] = 0x7f;
      machine.put(ScriptedMachine.TREE, broken);
      Checks own = new Checks();
      Optional<GuestBoot> boot = GuestBoot.of(machine, own);
      assertThat(own.all()).as("byte %d", i).isNotEmpty();
      assertThat(boot.isPresent() || own.all().getLast().outcome() == Outcome.FAIL).isTrue();
    }
  }

  @Test
  void aTreeWithoutHostBridgesHasNoFunctionsAndNoGpus() {
    DeviceTree tree = new DeviceTree();
    tree.root().setStrings("compatible", "qemu,pseries");
    // A host bridge of another kind of machine is none of ours.
    tree.root().addChild("pci@0").setStrings("device_type", "pci").setU64("reg", 1);
    machine.put(ScriptedMachine.TREE, FdtWriter.bytes(tree));
    GuestBoot boot = GuestBoot.of(machine, checks).orElseThrow();
    assertThat(boot.functions()).isEmpty();
    assertThat(boot.gpus()).isEmpty();
    assertThat(checks.all()).contains(new Check("gpus", Outcome.FAIL, "0 GPUs found"));
    GuestReport report = boot.report("probe", List.of(), new Ats(1, 2), List.of("note"));
    assertThat(report.passed()).isFalse();
    assertThat(report.ats()).isEqualTo(new Ats(1, 2));
    assertThat(report.notes()).containsExactly("note");
  }

  @Test
  void anEmptyBusIsScannedToItsEnd() {
    DeviceTree tree = new DeviceTree();
    tree.root()
        .addChild("pci@800000020000000")
        .setStrings("device_type", "pci")
        .setStrings("compatible", "IBM,Logical_PHB")
        .setU64("reg", 0x800000020000000L);
    machine.put(ScriptedMachine.TREE, FdtWriter.bytes(tree));
    assertThat(GuestBoot.of(machine, checks).orElseThrow().functions()).isEmpty();
  }
}
