package org.nvlink2vmm.vmm.cli;

import org.nvlink2vmm.vmm.machine.Sizes;

/**
 * A machine as a drawing: a column for each vPHB, its GPUs on the left, their bridges beside them.
 */
final class TopologySvg {
  private static final int COLUMN = 520;
  private static final int GPU_HEIGHT = 96;
  private static final int GPU_WIDTH = 220;
  private static final int BRIDGE_WIDTH = 190;
  private static final int BRIDGE_HEIGHT = 24;
  private static final int MARGIN = 20;
  private static final int HEADER = 50;

  private final StringBuilder svg = new StringBuilder();

  private TopologySvg() {}

  static String of(Topology topology) {
    return new TopologySvg().draw(topology);
  }

  private String draw(Topology topology) {
    int rows = topology.vphbs().stream().mapToInt(TopologySvg::rows).max().orElse(0);
    int width = Math.max(1, topology.vphbs().size()) * COLUMN;
    int height = HEADER + rows * (GPU_HEIGHT + MARGIN) + MARGIN;
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" \
        font-size="12">
        <rect width="100%%" height="100%%" fill="white"/>
        """
            .formatted(width, height));
    for (int column = 0; column < topology.vphbs().size(); column++) {
      vphb(topology.vphbs().get(column), column * COLUMN + MARGIN);
    }
    return svg.append("</svg>\n").toString();
  }

  private static int rows(Topology.Vphb vphb) {
    return vphb.gpus().size() + vphb.plain().size();
  }

  private void vphb(Topology.Vphb vphb, int x) {
    text(x, HEADER - MARGIN, "bold", "vPHB %d  pci@%x".formatted(vphb.index(), vphb.buid()));
    int y = HEADER;
    for (Topology.Gpu gpu : vphb.gpus()) {
      gpu(gpu, x, y);
      y += GPU_HEIGHT + MARGIN;
    }
    for (String id : vphb.plain()) {
      box(x, y, GPU_WIDTH, BRIDGE_HEIGHT, "#f4f4f4");
      text(x + 8, y + 16, "normal", id + ", without NVLink");
      y += GPU_HEIGHT + MARGIN;
    }
  }

  private void gpu(Topology.Gpu gpu, int x, int y) {
    box(x, y, GPU_WIDTH, GPU_HEIGHT, "#dff0d8");
    text(x + 8, y + 18, "bold", gpu.id() + "  " + gpu.source());
    text(x + 8, y + 38, "normal", "tgt 0x%x".formatted(gpu.tgt()));
    text(x + 8, y + 58, "normal", "NUMA node " + gpu.numaNode());
    text(x + 8, y + 78, "normal", "%s at 0x%x".formatted(Sizes.text(gpu.size()), gpu.gpa()));
    int bridgeX = x + COLUMN - 2 * MARGIN - BRIDGE_WIDTH;
    for (int i = 0; i < gpu.links().size(); i++) {
      Topology.Link link = gpu.links().get(i);
      int bridgeY = y + i * (BRIDGE_HEIGHT + 10);
      int middle = bridgeY + BRIDGE_HEIGHT / 2;
      svg.append(
          "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333\"/>%n"
              .formatted(x + GPU_WIDTH, middle, bridgeX, middle));
      text(x + GPU_WIDTH + 8, middle - 4, "normal", "link " + link.index());
      box(bridgeX, bridgeY, BRIDGE_WIDTH, BRIDGE_HEIGHT, "#d9edf7");
      text(bridgeX + 8, bridgeY + 16, "normal", link.bridge() + "  " + link.source());
    }
  }

  private void box(int x, int y, int width, int height, String fill) {
    svg.append(
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"#333\"/>%n"
            .formatted(x, y, width, height, fill));
  }

  private void text(int x, int y, String weight, String text) {
    String escaped = text.replace("&", "&amp;").replace("<", "&lt;");
    svg.append(
        "<text x=\"%d\" y=\"%d\" font-weight=\"%s\">%s</text>%n".formatted(x, y, weight, escaped));
  }
}
