package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A slot while the bus is walked: functions of one target address. */
final class SlotDraft {
  /** A bridge and where its ATSD region goes. */
  record Link(PlacedFunction bridge, AtsdFacts facts, long atsdGpa) {}

  final long tgt;
  final List<Link> links = new ArrayList<>();
  private PlacedFunction gpu;
  private GpuRamFacts facts;
  private long gpa;
  private int numaId;

  SlotDraft(long tgt) {
    this.tgt = tgt;
  }

  Optional<PlacedFunction> gpu() {
    return Optional.ofNullable(gpu);
  }

  void setGpu(PlacedFunction function, GpuRamFacts ram, long ramGpa, int id) {
    this.gpu = function;
    this.facts = ram;
    this.gpa = ramGpa;
    this.numaId = id;
  }

  /** The finished slots; each draft must have a GPU by now. */
  static List<NvlinkSlot> finish(List<SlotDraft> drafts, Compat compat) {
    List<NvlinkSlot> slots = new ArrayList<>();
    int index = 0;
    for (SlotDraft draft : drafts) {
      NvlinkSlot slot = draft.finish(slots.size(), index, compat);
      slots.add(slot);
      index += slot.links().size();
    }
    return slots;
  }

  private NvlinkSlot finish(int number, int firstIndex, Compat compat) {
    List<NvlinkLink> finished = new ArrayList<>();
    for (Link link : links) {
      int inSlot = finished.size();
      finished.add(
          new NvlinkLink(
              link.bridge(),
              firstIndex + inSlot,
              link.facts().linkSpeed(),
              link.atsdGpa(),
              link.facts().size(),
              Phandles.pciFunction(compat, link.bridge()),
              Phandles.link(gpu.vphbIndex(), number, inSlot)));
    }
    return new NvlinkSlot(
        number,
        tgt,
        gpu,
        gpa,
        facts.size(),
        numaId,
        Phandles.pciFunction(compat, gpu),
        Phandles.gpuRam(gpu.vphbIndex(), number),
        finished);
  }
}
