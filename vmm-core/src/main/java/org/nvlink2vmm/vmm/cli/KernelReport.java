package org.nvlink2vmm.vmm.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How an executed kernel ended, for people and for programs. */
final class KernelReport {
  private KernelReport() {}

  /** How a kernel ended, behind what it printed itself. */
  static void print(GuestExit exit, PrintWriter out) {
    out.printf(
        "%nguest ended: %s, status %d, %d instructions in %d ms, %.1f MIPS%n",
        name(exit), exit.status(), exit.instructions(), exit.elapsed().toMillis(), exit.mips());
  }

  static ObjectNode json(GuestExit exit, boolean good) {
    ObjectNode document = Json.object();
    document.put("result", good ? "pass" : "fail");
    document.put("guest", "kernel");
    document.put("end", name(exit));
    document.put("status", exit.status());
    document.put("instructions", exit.instructions());
    document.put("elapsedMillis", exit.elapsed().toMillis());
    ArrayNode notes = document.putArray("notes");
    exit.notes().forEach(notes::add);
    return document;
  }

  private static String name(GuestExit exit) {
    return exit.reason().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
