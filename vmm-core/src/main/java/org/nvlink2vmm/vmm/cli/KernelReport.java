package org.nvlink2vmm.vmm.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How an executed kernel ended and what the host noticed, for people and for programs.
 *
 * @param good whether the run passed
 */
record KernelReport(GuestExit exit, HostReport host, boolean good) {
  /** Behind what the kernel printed itself. */
  void print(boolean verbose, PrintWriter out) {
    out.println();
    host.print(verbose, out);
    out.printf(
        "guest ended: %s, status %d, %d instructions in %d ms, %.1f MIPS%n",
        end(), exit.status(), exit.instructions(), exit.elapsed().toMillis(), exit.mips());
  }

  ObjectNode json() {
    ObjectNode document = Json.object();
    document.put("result", good ? "pass" : "fail");
    document.put("guest", "kernel");
    document.put("end", end());
    document.put("status", exit.status());
    document.put("instructions", exit.instructions());
    document.put("elapsedMillis", exit.elapsed().toMillis());
    ArrayNode notes = document.putArray("notes");
    exit.notes().forEach(notes::add);
    host.addTo(document);
    return document;
  }

  private String end() {
    return exit.reason().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
