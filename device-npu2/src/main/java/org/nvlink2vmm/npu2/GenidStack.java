package org.nvlink2vmm.npu2;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The GENID window of a stack: the hardware has one for both bricks, and firmware leaves it on as
 * long as either bridge decodes memory (skiboot hw/npu2.c, npu2_cfg_write_cmd).
 */
final class GenidStack {
  private final List<Npu2Link> links = new ArrayList<>();
  private final Set<Npu2Link> decoding = new HashSet<>();

  synchronized void add(Npu2Link link) {
    links.add(link);
  }

  /** A bridge decodes memory, or does no more. */
  synchronized void decode(Npu2Link link, boolean on) {
    if (on) {
      decoding.add(link);
    } else {
      decoding.remove(link);
    }
    links.forEach(each -> each.showGenid(!decoding.isEmpty()));
  }
}
