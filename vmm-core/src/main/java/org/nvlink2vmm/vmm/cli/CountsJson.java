package org.nvlink2vmm.vmm.cli;

import java.util.List;
import org.nvlink2vmm.vmm.trace.AccessCount;
import org.nvlink2vmm.vmm.trace.Spin;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Counted accesses to registers as JSON, the same in every report. */
final class CountsJson {
  private CountsJson() {}

  /** Adds an entry to a list of registers; the entry, for what else is known of it. */
  static ObjectNode add(ArrayNode list, AccessCount count) {
    return list.addObject()
        .put("region", count.region())
        .put("offset", Json.hex(count.offset()))
        .put("width", count.width())
        .put("reads", count.reads())
        .put("writes", count.writes());
  }

  /** Adds {@code spins}. */
  static void addSpins(ObjectNode document, List<Spin> spins) {
    ArrayNode polled = document.putArray("spins");
    for (Spin spin : spins) {
      polled
          .addObject()
          .put("region", spin.region())
          .put("offset", Json.hex(spin.offset()))
          .put("width", spin.width())
          .put("value", Json.hex(spin.value()));
    }
  }
}
