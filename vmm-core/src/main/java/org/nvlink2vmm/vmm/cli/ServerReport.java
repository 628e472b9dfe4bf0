package org.nvlink2vmm.vmm.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.nvlink2vmm.vmm.trace.AccessCount;
import org.nvlink2vmm.vmm.trace.AccessCounts;
import org.nvlink2vmm.vmm.trace.Spin;
import org.nvlink2vmm.vmm.vfiouser.server.ServerStatus;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What servers have done and what was noticed of their guests.
 *
 * @param unmodelled registers that guests used and nothing models, most used first
 * @param refused accesses that a device or bus does not allow, most first
 * @param spins registers that a guest read 4,096 times with nothing written in between
 * @param lost accesses that found no place in the two lists
 */
record ServerReport(
    List<ServerStatus> servers,
    List<AccessCount> unmodelled,
    List<AccessCount> refused,
    List<Spin> spins,
    long lost) {
  private static final Comparator<AccessCount> MOST_FIRST =
      Comparator.comparingLong((AccessCount count) -> -count.total())
          .thenComparing(AccessCount::region)
          .thenComparingLong(AccessCount::offset);

  ServerReport {
    servers = List.copyOf(servers);
    unmodelled = List.copyOf(unmodelled);
    refused = List.copyOf(refused);
    spins = List.copyOf(spins);
  }

  /** Devices of one host share their counts, which are then taken once. */
  static ServerReport of(List<VfioUserServer> servers) {
    Set<AccessCounts> counts = Collections.newSetFromMap(new IdentityHashMap<>());
    for (VfioUserServer server : servers) {
      counts.add(server.accesses());
      server.device().accesses().ifPresent(counts::add);
    }
    List<AccessCount> unmodelled = new ArrayList<>();
    List<AccessCount> refused = new ArrayList<>();
    List<Spin> spins = new ArrayList<>();
    long lost = 0;
    for (AccessCounts one : counts) {
      unmodelled.addAll(one.unmodelled());
      refused.addAll(one.refused());
      spins.addAll(one.spins());
      lost += one.lost();
    }
    unmodelled.sort(MOST_FIRST);
    refused.sort(MOST_FIRST);
    spins.sort(Comparator.comparing(Spin::region).thenComparingLong(Spin::offset));
    return new ServerReport(
        servers.stream().map(VfioUserServer::status).toList(), unmodelled, refused, spins, lost);
  }

  ObjectNode json() {
    ObjectNode document = Json.object().put("pid", ProcessHandle.current().pid());
    ArrayNode list = document.putArray("servers");
    for (ServerStatus server : servers) {
      list.addObject()
          .put("device", server.device())
          .put("socket", server.socket())
          .put("attached", server.attached())
          .put("clients", server.clients())
          .put("refusedClients", server.refusedClients())
          .put("messages", server.messages())
          .put("errors", server.errors())
          .put("refusedByDevice", server.refusedByDevice())
          .put("dmaMaps", server.dmaMaps())
          .put("dmaRefused", server.dmaRefused())
          .put("dmaMessages", server.dmaMessages())
          .put("interrupts", server.interrupts());
    }
    ArrayNode registers = document.putArray("unmodelled");
    unmodelled.forEach(
        count -> CountsJson.add(registers, count).put("lastValue", Json.hex(count.lastValue())));
    ArrayNode not = document.putArray("refused");
    refused.forEach(count -> CountsJson.add(not, count));
    CountsJson.addSpins(document, spins);
    return document.put("lost", lost);
  }

  /** For people, a line each. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (ServerStatus server : servers) {
      lines.add(
          "%-10s %-8s %10d messages %6d errors %6d dma maps  %s"
              .formatted(
                  server.device(),
                  server.attached() ? "attached" : "waiting",
                  server.messages(),
                  server.errors(),
                  server.dmaMaps(),
                  server.socket()));
    }
    for (AccessCount count : unmodelled) {
      lines.add("unmodelled: %s, last 0x%x".formatted(where(count), count.lastValue()));
    }
    for (AccessCount count : refused) {
      lines.add("refused: " + where(count));
    }
    for (Spin spin : spins) {
      lines.add(
          "spin: %s at 0x%x, %d bytes wide, always 0x%x"
              .formatted(spin.region(), spin.offset(), spin.width(), spin.value()));
    }
    if (lost > 0) {
      lines.add("%d accesses to more registers than are told apart".formatted(lost));
    }
    return lines;
  }

  private static String where(AccessCount count) {
    return "%s at 0x%x, %d bytes wide: %d reads, %d writes"
        .formatted(count.region(), count.offset(), count.width(), count.reads(), count.writes());
  }
}
