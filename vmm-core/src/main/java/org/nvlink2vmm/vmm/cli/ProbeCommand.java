package org.nvlink2vmm.vmm.cli;

import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.Callable;
import org.nvlink2vmm.vmm.vfio.IrqInfo;
import org.nvlink2vmm.vmm.vfio.VfioPciIndex;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code vmm probe}. */
@Command(
    name = "probe",
    description = "Asks a vfio-user server, anyone's, what its device is.",
    footer = {"", "Example: vmm probe /run/vmm/gpu0.sock"})
final class ProbeCommand implements Callable<Integer> {
  private static final int MOST_CONFIG = 4096;
  private static final int ROW = 16;

  @Mixin private Common common;

  @Parameters(paramLabel = "SOCKET", description = "The server's socket.")
  private Path socket;

  @Option(names = "--json", description = "One JSON document.")
  private boolean json;

  @Override
  public Integer call() {
    try (VfioUserDevice device = VfioUserDevice.connect(socket)) {
      byte[] config = config(device);
      if (json) {
        common.out().println(Json.text(document(device, config)));
      } else {
        print(device, config, common.out());
      }
      return ExitStatus.GOOD.code();
    }
  }

  private static byte[] config(VfioUserDevice device) {
    int index = VfioPciIndex.CONFIG_REGION;
    if (device.info().numRegions() <= index) {
      return new byte[0];
    }
    long size = Math.clamp(device.regionInfo(index).size(), 0, MOST_CONFIG);
    MemorySegment bytes = Arena.ofAuto().allocate(Math.max(1, size));
    long got = device.read(index, 0, bytes.asSlice(0, size));
    return bytes.asSlice(0, Math.max(0, got)).toArray(ValueLayout.JAVA_BYTE);
  }

  private static String id(byte[] config, int offset) {
    return config.length < offset + 2
        ? "none"
        : "%02x%02x".formatted(config[offset + 1], config[offset]);
  }

  private static String pciClass(byte[] config) {
    return config.length < 12
        ? "none"
        : "%02x%02x%02x".formatted(config[11], config[10], config[9]);
  }

  private static ObjectNode document(VfioUserDevice device, byte[] config) {
    ObjectNode document =
        Json.object()
            .put("vendor", id(config, 0))
            .put("device", id(config, 2))
            .put("class", pciClass(config))
            .put("flags", device.info().flags());
    ArrayNode regions = document.putArray("regions");
    for (RegionsReport.Answer answer : RegionsReport.answers(device)) {
      RegionsReport.region(regions.addObject(), answer);
    }
    ArrayNode irqs = document.putArray("irqs");
    for (int i = 0; i < device.info().numIrqs(); i++) {
      IrqInfo irq = device.irqInfo(i);
      irqs.addObject().put("index", i).put("count", irq.count()).put("flags", irq.flags());
    }
    return document.put("config", HexFormat.of().formatHex(config));
  }

  private static void print(VfioUserDevice device, byte[] config, PrintWriter out) {
    out.printf("%s: %s:%s class %s%n", device.id(), id(config, 0), id(config, 2), pciClass(config));
    for (RegionsReport.Answer answer : RegionsReport.answers(device)) {
      RegionsReport.print(answer, false, out);
    }
    for (int i = 0; i < device.info().numIrqs(); i++) {
      IrqInfo irq = device.irqInfo(i);
      out.printf("irq %d: %d vectors, flags 0x%x%n", i, irq.count(), irq.flags());
    }
    for (int row = 0; row < config.length; row += ROW) {
      int end = Math.min(config.length, row + ROW);
      out.printf("%02x: %s%n", row, HexFormat.ofDelimiter(" ").formatHex(config, row, end));
    }
  }
}
