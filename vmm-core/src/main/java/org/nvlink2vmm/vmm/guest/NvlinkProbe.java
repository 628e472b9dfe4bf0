package org.nvlink2vmm.vmm.guest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nvlink2vmm.dt.fdt.FdtException;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.vmm.guest.GuestReport.Ats;

/**
 * Does what firmware, kernel and NVIDIA's driver would do until the GPUs are ready to use: reads
 * the tree, finds and places the PCI functions, ties GPUs to bridges, trains the links, tries every
 * coherent window and every launch register.
 */
public final class NvlinkProbe implements Guest {
  @Override
  public String name() {
    return "nvlink2-probe";
  }

  @Override
  public String description() {
    return "brings the GPUs up as firmware, kernel and driver would, and tries what it found";
  }

  @Override
  public GuestReport run(GuestMachine machine) {
    DeviceTree tree;
    try {
      tree = TreeInMemory.read(machine);
    } catch (FdtException | IllegalStateException e) {
      Checks checks = new Checks();
      checks.fail("tree", e.getMessage());
      return new GuestReport(name(), List.of(), List.of(), checks.all(), new Ats(0, 0), List.of());
    }
    return new Boot(machine, tree).run();
  }

  /** One boot. */
  private final class Boot {
    private final GuestMachine machine;
    private final DeviceTree tree;
    private final Checks checks = new Checks();
    private final List<GuestFunction> functions = new ArrayList<>();
    private final List<NvlinkGpu> gpus = new ArrayList<>();

    Boot(GuestMachine machine, DeviceTree tree) {
      this.machine = machine;
      this.tree = tree;
    }

    GuestReport run() {
      TreeChecks.check(tree, checks);
      scan();
      match();
      PciChecks.check(functions, checks);
      checks.check("gpus", !gpus.isEmpty(), gpus.size() + " GPUs found");
      GpuBringUp bringUp = new GpuBringUp(machine, checks);
      List<GuestReport.Gpu> reports = gpus.stream().map(bringUp::bringUp).toList();
      long invalidations = bringUp.invalidate(gpus);
      bringUp.finish();
      return new GuestReport(
          name(),
          functions.stream().map(Boot::report).toList(),
          reports,
          checks.all(),
          new Ats(0, invalidations),
          List.of());
    }

    private void scan() {
      int domain = 0;
      for (Node node : tree.root().children()) {
        var bridge = GuestHostBridge.of(node, domain);
        if (bridge.isPresent()) {
          functions.addAll(PciScan.of(machine, bridge.get()));
          domain++;
        }
      }
    }

    private void match() {
      Map<Integer, Node> phandles = tree.phandles();
      Map<Node, GuestFunction> functionByNode = new HashMap<>();
      for (GuestFunction function : functions) {
        function.node().ifPresent(node -> functionByNode.put(node, function));
      }
      for (GuestFunction function : functions) {
        if (function.vendor() == PciChecks.NVIDIA) {
          gpus.add(NvlinkGpu.of(function, functionByNode, phandles));
        }
      }
    }

    private static GuestReport.Function report(GuestFunction function) {
      return new GuestReport.Function(
          function.bdf(),
          function.vendor(),
          function.device(),
          function.classCode(),
          function.bars().stream()
              .map(
                  bar -> new GuestReport.Bar(bar.index(), bar.size(), bar.gpa(), bar.kind().text()))
              .toList());
    }
  }
}
