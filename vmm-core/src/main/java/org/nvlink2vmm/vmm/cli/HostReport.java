package org.nvlink2vmm.vmm.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.nvlink2vmm.vmm.device.HostHardware;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.trace.AccessCount;
import org.nvlink2vmm.vmm.trace.Spin;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an emulated host noticed of a guest.
 *
 * @param findings driver mistakes and accesses that nothing carried: each fails the run unless it
 *     is only a remark
 * @param unmodelled registers that the guest used and nothing models, most used first: this
 *     emulator's ignorance, not the guest's fault
 * @param spins registers that the guest polled in vain, as it seemed: a remark as well
 */
record HostReport(List<String> findings, List<AccessCount> unmodelled, List<Spin> spins) {
  /** Registers that are printed for people without {@code -v}. */
  private static final int PRINTED = 8;

  HostReport {
    findings = List.copyOf(findings);
    unmodelled = List.copyOf(unmodelled);
    spins = List.copyOf(spins);
  }

  /** What the host noticed, if one is emulated, and the DMA that the guest had not mapped. */
  static HostReport of(Machine machine) {
    List<String> findings = new ArrayList<>();
    machine.host().ifPresent(host -> findings.addAll(host.findings()));
    machine.spapr().phbs().forEach(phb -> findings.addAll(phb.dma().faults()));
    return new HostReport(
        findings,
        machine.host().map(host -> host.counts().unmodelled()).orElse(List.of()),
        machine.host().map(host -> host.counts().spins()).orElse(List.of()));
  }

  boolean passed() {
    return findings.stream().allMatch(HostReport::isRemark);
  }

  private static boolean isRemark(String finding) {
    return finding.startsWith(HostHardware.REMARK);
  }

  void print(boolean verbose, PrintWriter out) {
    findings.forEach(line -> out.println(isRemark(line) ? line : "finding: " + line));
    int shown = verbose ? unmodelled.size() : Math.min(PRINTED, unmodelled.size());
    for (AccessCount count : unmodelled.subList(0, shown)) {
      out.printf(
          "unmodelled: %s at 0x%x, %d bytes wide: %d reads, %d writes%n",
          count.region(), count.offset(), count.width(), count.reads(), count.writes());
    }
    if (shown < unmodelled.size()) {
      out.printf("unmodelled: %d registers more, -v names them%n", unmodelled.size() - shown);
    }
    for (Spin spin : spins) {
      out.printf(
          "spin: %s at 0x%x, %d bytes wide, always 0x%x%n",
          spin.region(), spin.offset(), spin.width(), spin.value());
    }
  }

  /** Adds {@code findings}, {@code unmodelled} and {@code spins}. */
  void addTo(ObjectNode document) {
    ArrayNode lines = document.putArray("findings");
    findings.forEach(lines::add);
    ArrayNode registers = document.putArray("unmodelled");
    unmodelled.forEach(count -> CountsJson.add(registers, count));
    CountsJson.addSpins(document, spins);
  }
}
