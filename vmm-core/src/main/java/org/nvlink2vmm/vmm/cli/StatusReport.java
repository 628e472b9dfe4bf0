package org.nvlink2vmm.vmm.cli;

import java.util.List;
import org.nvlink2vmm.vmm.vfiouser.server.ServerStatus;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What servers are doing, as JSON. */
final class StatusReport {
  private StatusReport() {}

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
