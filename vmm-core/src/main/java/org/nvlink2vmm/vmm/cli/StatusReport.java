package org.nvlink2vmm.vmm.cli;

import java.util.List;
import org.nvlink2vmm.vmm.trace.AccessCount;
import org.nvlink2vmm.vmm.trace.Spin;
import org.nvlink2vmm.vmm.vfiouser.server.ServerStatus;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What servers are doing, as JSON. */
final class StatusReport {
  private StatusReport() {}

  /** What servers have done, with what the devices refused and where guests spun. */
  static ObjectNode full(List<VfioUserServer> servers) {
    ObjectNode document = json(servers.stream().map(VfioUserServer::status).toList());
    ArrayNode refused = document.putArray("refused");
    ArrayNode spins = document.putArray("spins");
    for (VfioUserServer server : servers) {
      for (AccessCount access : server.accesses().refused()) {
        refused
            .addObject()
            .put("region", access.region())
            .put("offset", Json.hex(access.offset()))
            .put("width", access.width())
            .put("reads", access.reads())
            .put("writes", access.writes());
      }
      for (Spin spin : server.accesses().spins()) {
        spins
            .addObject()
            .put("region", spin.region())
            .put("offset", Json.hex(spin.offset()))
            .put("width", spin.width())
            .put("value", Json.hex(spin.value()));
      }
    }
    return document;
  }

  static ObjectNode json(List<ServerStatus> servers) {
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
    return document;
  }
}
