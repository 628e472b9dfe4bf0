package org.nvlink2vmm.dt.spapr;

import java.util.Locale;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.dt.tree.Node;
import org.nvlink2vmm.dt.tree.Reservation;

/**
 * The device tree of a pseries machine. Nodes are written in QEMU's order and then turned into the
 * order that libfdt leaves, because the order of nodes means something: Linux takes the first NPU
 * link that stands after a host bridge.
 */
public final class SpaprTree {
  private final MachineDescription machine;
  private final MachineLayout layout;
  private final PlatformNodes platform;

  private SpaprTree(MachineDescription machine, MachineLayout layout) {
    this.machine = machine;
    this.layout = layout;
    this.platform = new PlatformNodes(layout.associativity(), machine.memory().nodes());
  }

  /**
   * Writes the tree of a machine.
   *
   * @param layout the layout of the same machine
   */
  public static DeviceTree write(MachineDescription machine, MachineLayout layout) {
    if (layout.vphbs().size() != machine.vphbs().size()) {
      throw new IllegalArgumentException("a layout of another machine");
    }
    return new SpaprTree(machine, layout).write();
  }

  private DeviceTree write() {
    DeviceTree tree = new DeviceTree();
    Node root = tree.root();
    root(root);
    part(PlatformPart.InterruptController.class, root, PlatformNodes::interruptController);
    memory(root);
    part(PlatformPart.Vdevice.class, root, PlatformNodes::vdevice);
    vphbs(root);
    part(PlatformPart.Cpus.class, root, platform::cpus);
    part(PlatformPart.EventSources.class, root, PlatformNodes::eventSources);
    part(PlatformPart.Rtas.class, platform.rtas(root), PlatformNodes::rtasCalls);
    part(PlatformPart.Chosen.class, root, platform::chosen);
    machine
        .part(PlatformPart.Rtas.class)
        .filter(rtas -> rtas.base() != 0)
        .ifPresent(rtas -> tree.reservations().add(new Reservation(rtas.base(), rtas.size())));
    return tree.inLibfdtOrder();
  }

  private interface PartWriter<T> {
    void write(Node node, T part);
  }

  private <T extends PlatformPart> void part(Class<T> kind, Node node, PartWriter<T> writer) {
    machine.part(kind).ifPresent(part -> writer.write(node, part));
  }

  private void root(Node root) {
    root.setStrings("device_type", "chrp");
    root.setStrings("model", "IBM pSeries (emulated by qemu)");
    root.setStrings("compatible", "qemu,pseries");
    part(PlatformPart.Identity.class, root, PlatformNodes::identity);
    root.setU32("#address-cells", 2);
    root.setU32("#size-cells", 2);
  }

  /**
   * Ordinary memory: the real mode area, then each NUMA node in pieces whose size is a power of two
   * and whose address is a multiple of it.
   */
  private void memory(Node root) {
    long gpa = 0;
    for (int node = 0; node < machine.memory().nodes(); node++) {
      long left = machine.memory().nodeSizes().get(node);
      while (left > 0) {
        long piece =
            gpa == 0
                ? machine.memory().rmaSize()
                : Math.min(Long.highestOneBit(left), Long.lowestOneBit(gpa));
        memoryNode(root, gpa, piece, node);
        gpa += piece;
        left -= piece;
      }
    }
  }

  private void memoryNode(Node root, long gpa, long size, int numaNode) {
    String format = machine.compat() == Compat.QEMU_4_1 ? "memory@%016x" : "memory@%x";
    Node node = root.addChild(String.format(Locale.ROOT, format, gpa));
    node.setStrings("device_type", "memory");
    node.setU64("reg", gpa, size);
    node.setU32("ibm,associativity", layout.associativity().guestNode(numaNode));
  }

  /** The newest first, so that the first created comes first in the blob. */
  private void vphbs(Node root) {
    for (int i = machine.vphbs().size() - 1; i >= 0; i--) {
      VphbDescription vphb = machine.vphbs().get(i);
      NvlinkLayout nvlink = layout.vphbs().get(i);
      new VphbNodes(machine, vphb, nvlink, layout.associativity()).write(root);
    }
  }
}
