package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.List;

/**
 * The NVLink side of one vPHB after a reset: which function is what, and where. The monitor maps
 * regions by it, the tree is written from it.
 *
 * @param vphbIndex the vPHB
 * @param slots its GPUs; none when the vPHB has no NVLink
 * @param atsds entries of {@code ibm,mmio-atsd}, gpas; none when the property is not written
 * @param setupMessages what is reported when the vPHB is reset
 * @param treeMessages what is reported when the tree is written
 * @param numaIds the counter after this vPHB
 */
public record NvlinkLayout(
    int vphbIndex,
    List<NvlinkSlot> slots,
    List<Long> atsds,
    List<Message> setupMessages,
    List<Message> treeMessages,
    NumaIds numaIds) {

  /** NVGPU_MAX_NUM: target addresses per vPHB. */
  public static final int MAX_SLOTS = 6;

  /** NVGPU_MAX_LINKS: bridges per target address. */
  public static final int MAX_LINKS = 3;

  /** Entries of {@code ibm,mmio-atsd} that QEMU writes and Linux reads (NV_NMMU_ATSD). */
  public static final int MAX_ATSDS = 8;

  public NvlinkLayout {
    slots = List.copyOf(slots);
    atsds = List.copyOf(atsds);
    setupMessages = List.copyOf(setupMessages);
    treeMessages = List.copyOf(treeMessages);
  }

  /**
   * Lays out a vPHB.
   *
   * @param numaIds the counter before this vPHB
   * @throws Refusal when there is no layout; it names the devices
   */
  public static NvlinkLayout of(VphbDescription vphb, NumaIds numaIds, Compat compat) {
    return compat.isCorrected()
        ? new CorrectedLayout(vphb, numaIds).layOut()
        : new QemuLayout(vphb, numaIds, compat).layOut();
  }

  static NvlinkLayout without(VphbDescription vphb, List<Message> messages, NumaIds numaIds) {
    return new NvlinkLayout(vphb.index(), List.of(), List.of(), messages, List.of(), numaIds);
  }

  /** Whether the vPHB has NVLink at all. */
  public boolean exists() {
    return !slots.isEmpty();
  }

  /** All links of the vPHB, in the order of their indexes. */
  public List<NvlinkLink> links() {
    return slots.stream().flatMap(slot -> slot.links().stream()).toList();
  }

  /** The regions to map into guest memory: of each slot the GPU RAM, then the ATSD registers. */
  public List<NvlinkMapping> mappings() {
    List<NvlinkMapping> mappings = new ArrayList<>();
    for (NvlinkSlot slot : slots) {
      mappings.add(new NvlinkMapping(slot.gpu(), slot.gpa(), slot.size()));
      for (NvlinkLink link : slot.links()) {
        if (link.hasAtsd()) {
          mappings.add(new NvlinkMapping(link.bridge(), link.atsdGpa(), link.atsdSize()));
        }
      }
    }
    return mappings;
  }
}
