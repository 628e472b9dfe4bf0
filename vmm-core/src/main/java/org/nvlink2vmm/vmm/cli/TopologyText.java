package org.nvlink2vmm.vmm.cli;

import org.nvlink2vmm.vmm.machine.Sizes;

/** A machine as an indented list. */
final class TopologyText {
  private TopologyText() {}

  static String of(Topology topology) {
    StringBuilder text = new StringBuilder();
    for (int node = 0; node < topology.guestNodes().size(); node++) {
      line(
          text,
          0,
          "NUMA node %d: %s of RAM".formatted(node, Sizes.text(topology.guestNodes().get(node))));
    }
    for (Topology.Vphb vphb : topology.vphbs()) {
      line(text, 0, "vPHB %d (pci@%x)".formatted(vphb.index(), vphb.buid()));
      vphb.gpus().forEach(gpu -> gpu(text, gpu));
      vphb.plain().forEach(id -> line(text, 1, "%s, without NVLink".formatted(id)));
    }
    return text.toString();
  }

  private static void gpu(StringBuilder text, Topology.Gpu gpu) {
    line(
        text,
        1,
        "%s (%s): tgt 0x%x, NUMA node %d, %s at 0x%x"
            .formatted(
                gpu.id(),
                gpu.source(),
                gpu.tgt(),
                gpu.numaNode(),
                Sizes.text(gpu.size()),
                gpu.gpa()));
    for (Topology.Link link : gpu.links()) {
      line(
          text,
          2,
          "link %d: %s (%s), speed code %d, %s"
              .formatted(
                  link.index(),
                  link.bridge(),
                  link.source(),
                  link.speed(),
                  link.atsd() == 0 ? "no ATSD" : "ATSD at 0x%x".formatted(link.atsd())));
    }
  }

  private static void line(StringBuilder text, int depth, String line) {
    text.repeat("  ", depth).append(line).append('\n');
  }
}
