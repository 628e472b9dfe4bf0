package org.nvlink2vmm.vmm.cli;

import org.nvlink2vmm.vmm.machine.Sizes;

/** A machine for Graphviz. */
final class TopologyDot {
  private TopologyDot() {}

  static String of(Topology topology) {
    StringBuilder dot = new StringBuilder("graph machine {\n  rankdir=LR;\n  node [shape=box];\n");
    for (Topology.Vphb vphb : topology.vphbs()) {
      dot.append("  subgraph cluster_%d {\n".formatted(vphb.index()));
      dot.append("    label=\"vPHB %d\";\n".formatted(vphb.index()));
      for (Topology.Gpu gpu : vphb.gpus()) {
        dot.append(
            "    \"%s\" [label=\"%s\\ntgt 0x%x\\nnode %d\\n%s at 0x%x\"];\n"
                .formatted(
                    gpu.id(),
                    gpu.id(),
                    gpu.tgt(),
                    gpu.numaNode(),
                    Sizes.text(gpu.size()),
                    gpu.gpa()));
        for (Topology.Link link : gpu.links()) {
          dot.append("    \"%s\" [shape=ellipse];\n".formatted(link.bridge()));
          dot.append(
              "    \"%s\" -- \"%s\" [label=\"link %d\"];\n"
                  .formatted(gpu.id(), link.bridge(), link.index()));
        }
      }
      vphb.plain().forEach(id -> dot.append("    \"%s\" [style=dashed];\n".formatted(id)));
      dot.append("  }\n");
    }
    return dot.append("}\n").toString();
  }
}
