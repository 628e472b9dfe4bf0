package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The layout as QEMU made it: one walk over the bus that hands out addresses and ids as it goes
 * (hw/ppc/spapr_pci_nvlink2.c). After the first error it walks on, and then drops everything.
 */
final class QemuLayout {
  private final VphbDescription vphb;
  private final Compat compat;
  private final List<SlotDraft> slots = new ArrayList<>();
  private final List<Message> errors = new ArrayList<>();
  private NumaIds numaIds;
  private long nextRam;
  private long nextAtsd;

  QemuLayout(VphbDescription vphb, NumaIds numaIds, Compat compat) {
    this.vphb = vphb;
    this.numaIds = numaIds;
    this.compat = compat;
    this.nextRam = vphb.windows().gpuRamBase();
    this.nextAtsd = vphb.windows().atsdBase();
  }

  NvlinkLayout layOut() {
    if (!vphb.windows().exist()) {
      return NvlinkLayout.without(vphb, List.of(), numaIds);
    }
    for (PlacedFunction placed : PlacedFunction.inBusOrder(vphb, false)) {
      switch (placed.function().nvlink()) {
        case GpuRamFacts ram when ram.tgt() != 0 -> collectGpu(placed, ram);
        case AtsdFacts atsd when atsd.tgt() != 0 -> collectBridge(placed, atsd);
        default -> {}
      }
    }
    if (!errors.isEmpty()) {
      return NvlinkLayout.without(vphb, List.of(errors.getFirst()), numaIds);
    }
    if (slots.stream().allMatch(slot -> slot.gpu().isEmpty())) {
      return NvlinkLayout.without(vphb, List.of(), numaIds);
    }
    refuseOrphans();
    return withAtsds(SlotDraft.finish(slots, compat));
  }

  private void collectGpu(PlacedFunction placed, GpuRamFacts ram) {
    Optional<SlotDraft> slot = slotOf(ram.tgt());
    if (slot.isEmpty()) {
      errors.add(Message.errorReport(placed, "Found too many GPUs per vPHB"));
      return;
    }
    slot.get()
        .gpu()
        .ifPresent(
            first -> {
              throw Refusal.abort(
                  compat, first + " and " + placed + " have the same tgt " + Text.hex(ram.tgt()));
            });
    slot.get().setGpu(placed, ram, nextRam, numaIds.next());
    nextRam = advanced(placed, nextRam, ram.size());
    numaIds = numaIds.afterTaking();
  }

  private void collectBridge(PlacedFunction placed, AtsdFacts atsd) {
    if (atsd.size() == 0) {
      throw Refusal.abort(
          compat, placed + " has tgt " + Text.hex(atsd.tgt()) + " but no ATSD register");
    }
    Optional<SlotDraft> slot = slotOf(atsd.tgt());
    if (slot.isEmpty()) {
      errors.add(Message.errorReport(placed, "Found too many NVLink bridges per vPHB"));
    } else if (slot.get().links.size() == NvlinkLayout.MAX_LINKS) {
      errors.add(Message.errorReport(placed, "Found too many NVLink bridges per GPU"));
    } else {
      slot.get().links.add(new SlotDraft.Link(placed, atsd, nextAtsd));
      nextAtsd = advanced(placed, nextAtsd, atsd.size());
    }
  }

  /** Windows are not checked, but an address must exist. */
  private static long advanced(PlacedFunction placed, long gpa, long size) {
    if (gpa + size < 0) {
      throw Refusal.refused(
          "%s needs %s bytes at %s, more than the guest can address"
              .formatted(placed, Text.hex(size), Text.hex(gpa)));
    }
    return gpa + size;
  }

  /** The slot of this tgt, a new one if there is room; empty when there is none. */
  private Optional<SlotDraft> slotOf(long tgt) {
    for (SlotDraft slot : slots) {
      if (slot.tgt == tgt) {
        return Optional.of(slot);
      }
    }
    if (slots.size() == NvlinkLayout.MAX_SLOTS) {
      return Optional.empty();
    }
    slots.add(new SlotDraft(tgt));
    return Optional.of(slots.getLast());
  }

  /** Writing the memory nodes asks every slot for its GPU, also one that has none. */
  private void refuseOrphans() {
    for (SlotDraft slot : slots) {
      if (slot.gpu().isEmpty()) {
        throw Refusal.crash(
            compat,
            "%s has tgt %s, which no GPU of the vPHB has"
                .formatted(slot.links.getFirst().bridge(), Text.hex(slot.tgt)));
      }
    }
  }

  private NvlinkLayout withAtsds(List<NvlinkSlot> finished) {
    List<Message> messages = new ArrayList<>();
    List<Long> atsds = atsds(finished, messages);
    if (atsds.isEmpty()) {
      messages.add(Message.errorReport(vphb.label(), "No ATSD registers found"));
    } else if (!vphb.eeh()) {
      messages.add(
          Message.errorReport(vphb.label(), "ATSD requires separate vPHB per GPU IOMMU group"));
      atsds = List.of();
    }
    return new NvlinkLayout(vphb.index(), finished, atsds, List.of(), messages, numaIds);
  }

  /** The limit is noticed only inside a slot: a list that is full between two ends silently. */
  private static List<Long> atsds(List<NvlinkSlot> slots, List<Message> messages) {
    List<Long> atsds = new ArrayList<>();
    for (NvlinkSlot slot : slots) {
      if (atsds.size() == NvlinkLayout.MAX_ATSDS) {
        break;
      }
      for (NvlinkLink link : slot.links()) {
        if (atsds.size() == NvlinkLayout.MAX_ATSDS) {
          messages.add(Message.errorReport(slot.gpu(), "Only 8 ATSD registers supported"));
          break;
        }
        atsds.add(link.atsdGpa());
      }
    }
    return atsds;
  }
}
