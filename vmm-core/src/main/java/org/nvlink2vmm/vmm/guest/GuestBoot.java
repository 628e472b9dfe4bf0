package org.nvlink2vmm.vmm.guest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nvlink2vmm.dt.fdt.FdtException;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.vmm.guest.GuestReport.Ats;

/**
 * What every guest does first: reads the tree, finds and places the PCI functions, ties GPUs to
 * bridges.
 *
 * @param checks what was checked so far; a guest adds its own
 */
record GuestBoot(
    DeviceTree tree, List<GuestFunction> functions, List<NvlinkGpu> gpus, Checks checks) {

  /** Boots; empty, and a failed check, when there is no tree to boot from. */
  static Optional<GuestBoot> of(GuestMachine machine, Checks checks) {
    DeviceTree tree;
    try {
      tree = TreeInMemory.read(machine);
    } catch (FdtException | IllegalStateException e) {
      checks.fail("tree", e.getMessage());
      return Optional.empty();
    }
    TreeChecks.check(tree, checks);
    List<GuestFunction> functions = scan(machine, tree);
    List<NvlinkGpu> gpus = match(tree, functions);
    PciChecks.check(functions, checks);
    checks.check("gpus", !gpus.isEmpty(), gpus.size() + " GPUs found");
    return Optional.of(new GuestBoot(tree, functions, gpus, checks));
  }

  /** The report of a guest that could not boot. */
  static GuestReport failed(String guest, Checks checks) {
    return new GuestReport(guest, List.of(), List.of(), checks.all(), new Ats(0, 0), List.of());
  }

  GuestReport report(String guest, List<GuestReport.Gpu> reports, Ats ats, List<String> notes) {
    return new GuestReport(
        guest,
        functions.stream().map(GuestBoot::report).toList(),
        reports,
        checks.all(),
        ats,
        notes);
  }

  private static List<GuestFunction> scan(GuestMachine machine, DeviceTree tree) {
    List<GuestFunction> functions = new ArrayList<>();
    int domain = 0;
    for (Node node : tree.root().children()) {
      var bridge = GuestHostBridge.of(node, domain);
      if (bridge.isPresent()) {
        functions.addAll(PciScan.of(machine, bridge.get()));
        domain++;
      }
    }
    return functions;
  }

  private static List<NvlinkGpu> match(DeviceTree tree, List<GuestFunction> functions) {
    Map<Integer, Node> phandles = tree.phandles();
    Map<Node, GuestFunction> functionByNode = new HashMap<>();
    for (GuestFunction function : functions) {
      function.node().ifPresent(node -> functionByNode.put(node, function));
    }
    return functions.stream()
        .filter(function -> function.vendor() == PciChecks.NVIDIA)
        .map(function -> NvlinkGpu.of(function, functionByNode, phandles))
        .toList();
  }

  private static GuestReport.Function report(GuestFunction function) {
    return new GuestReport.Function(
        function.bdf(),
        function.vendor(),
        function.device(),
        function.classCode(),
        function.bars().stream()
            .map(bar -> new GuestReport.Bar(bar.index(), bar.size(), bar.gpa(), bar.kind().text()))
            .toList());
  }
}
