package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The layout as it should be; the reasons are at {@link Compat}. First the functions are grouped by
 * target address, then addresses and ids are given to the groups that have a GPU.
 */
final class CorrectedLayout {
  /** NVIDIA's driver takes only multiples of 128 GiB as base of GPU memory. */
  private static final long RAM_ALIGNMENT = 1L << 37;

  /** Guests map RAM and registers as pages, of 64 KiB on POWER9. */
  private static final long PAGE = 1L << 16;

  /** Linux 5.0 to 5.2 keep contexts for link indexes 0 ... 5 (NV_MAX_LINKS). */
  private static final int OLD_KERNEL_LINKS = 6;

  /** NVIDIA's driver takes target addresses below 2^47. */
  private static final int TGT_BITS = 47;

  private final VphbDescription vphb;
  private final Map<Long, SlotDraft> byTgt = new LinkedHashMap<>();
  private final List<Message> setupMessages = new ArrayList<>();
  private final List<Message> treeMessages = new ArrayList<>();
  private NumaIds numaIds;
  private long nextRam;
  private long nextAtsd;

  CorrectedLayout(VphbDescription vphb, NumaIds numaIds) {
    this.vphb = vphb;
    this.numaIds = numaIds;
    this.nextRam = vphb.windows().gpuRamBase();
    this.nextAtsd = vphb.windows().atsdBase();
  }

  NvlinkLayout layOut() {
    List<PlacedFunction> functions =
        PlacedFunction.inBusOrder(vphb, true).stream().filter(fn -> tgt(fn) != 0).toList();
    if (!vphb.windows().exist()) {
      if (!functions.isEmpty()) {
        warn(setupMessages, vphb.label(), "no NVLink windows: plain PCI: " + names(functions));
      }
      return NvlinkLayout.without(vphb, setupMessages, numaIds);
    }
    for (PlacedFunction placed : functions) {
      if (placed.function().nvlink() instanceof GpuRamFacts ram) {
        collectGpu(placed, ram);
      }
    }
    for (PlacedFunction placed : functions) {
      if (placed.function().nvlink() instanceof AtsdFacts atsd) {
        collectBridge(placed, atsd);
      }
    }
    List<SlotDraft> slots = inOrderOfFirstSight(functions);
    return slots.isEmpty()
        ? NvlinkLayout.without(vphb, setupMessages, numaIds)
        : finish(SlotDraft.finish(slots, Compat.CORRECTED));
  }

  private static long tgt(PlacedFunction placed) {
    return switch (placed.function().nvlink()) {
      case GpuRamFacts ram -> ram.tgt();
      case AtsdFacts atsd -> atsd.tgt();
      case NoNvlink _ -> 0;
    };
  }

  private void collectGpu(PlacedFunction placed, GpuRamFacts ram) {
    SlotDraft present = byTgt.get(ram.tgt());
    if (present != null) {
      throw Refusal.refused(
          "%s and %s have the same tgt %s, expected one GPU per tgt"
              .formatted(present.gpu().orElseThrow(), placed, Text.hex(ram.tgt())));
    }
    if (byTgt.size() == NvlinkLayout.MAX_SLOTS) {
      throw Refusal.refused(
          "%s is one GPU too many, a vPHB takes %s".formatted(placed, NvlinkLayout.MAX_SLOTS));
    }
    if (ram.size() % PAGE != 0) {
      throw Refusal.refused(
          "%s has %s bytes of RAM, expected a multiple of 64 KiB"
              .formatted(placed, Text.hex(ram.size())));
    }
    if (ram.tgt() >>> TGT_BITS != 0) {
      warn(
          setupMessages,
          placed,
          "tgt " + Text.hex(ram.tgt()) + " has over 47 bits, NVIDIA's driver refuses it");
    }
    long gpa = aligned(nextRam, ram.size(), RAM_ALIGNMENT);
    nextRam = end(placed, "GPU RAM", gpa, ram.size(), vphb.windows().gpuRamEnd());
    SlotDraft slot = new SlotDraft(ram.tgt());
    slot.setGpu(placed, ram, gpa, numaIds.next());
    numaIds = numaIds.afterTaking();
    byTgt.put(ram.tgt(), slot);
  }

  private void collectBridge(PlacedFunction placed, AtsdFacts atsd) {
    SlotDraft slot = byTgt.get(atsd.tgt());
    if (slot == null) {
      warn(
          setupMessages,
          placed,
          "no GPU of the vPHB has its tgt " + Text.hex(atsd.tgt()) + ": plain PCI");
      return;
    }
    if (slot.links.size() == NvlinkLayout.MAX_LINKS) {
      throw Refusal.refused(
          "%s is one bridge too many for %s, a GPU takes %s"
              .formatted(placed, slot.gpu().orElseThrow(), NvlinkLayout.MAX_LINKS));
    }
    long gpa = nextAtsd;
    if (atsd.size() != 0) {
      gpa = aligned(nextAtsd, atsd.size(), PAGE);
      nextAtsd = end(placed, "ATSD", gpa, atsd.size(), vphb.windows().atsdEnd());
    }
    slot.links.add(new SlotDraft.Link(placed, atsd, gpa));
  }

  private static long aligned(long from, long size, long least) {
    long powerOfTwo = size <= least ? least : Long.highestOneBit(size - 1) << 1;
    // A size above 2^62 makes this negative; such a region fits no window.
    return powerOfTwo < 0 ? from : Math.ceilDiv(from, powerOfTwo) * powerOfTwo;
  }

  private static long end(
      PlacedFunction placed, String window, long gpa, long size, long windowEnd) {
    if (gpa < 0 || gpa > windowEnd || size > windowEnd - gpa) {
      throw Refusal.refused(
          "%s needs %s bytes at %s, the %s window ends at %s"
              .formatted(placed, Text.hex(size), Text.hex(gpa), window, Text.hex(windowEnd)));
    }
    return gpa + size;
  }

  /** Slots are numbered as QEMU does, by the first function of their tgt on the bus. */
  private List<SlotDraft> inOrderOfFirstSight(List<PlacedFunction> functions) {
    return functions.stream()
        .map(CorrectedLayout::tgt)
        .distinct()
        .filter(byTgt::containsKey)
        .map(byTgt::get)
        .toList();
  }

  private NvlinkLayout finish(List<NvlinkSlot> slots) {
    for (NvlinkSlot slot : slots) {
      if (slot.links().isEmpty()) {
        warn(treeMessages, slot.gpu(), "no bridge on its vPHB: no NVLink");
      }
    }
    List<NvlinkLink> links = slots.stream().flatMap(slot -> slot.links().stream()).toList();
    List<Long> atsds = atsds(links);
    if (links.size() > OLD_KERNEL_LINKS) {
      warn(
          treeMessages,
          vphb.label(),
          links.size() + " links, Linux 5.0 to 5.2 refuse those after the sixth");
    }
    return new NvlinkLayout(vphb.index(), slots, atsds, setupMessages, treeMessages, numaIds);
  }

  private List<Long> atsds(List<NvlinkLink> links) {
    List<NvlinkLink> withAtsd = links.stream().filter(NvlinkLink::hasAtsd).toList();
    if (withAtsd.isEmpty()) {
      warn(
          treeMessages, vphb.label(), "no ATSD register: the guest cannot use address translation");
      return List.of();
    }
    if (!vphb.eeh()) {
      warn(treeMessages, vphb.label(), "more than one IOMMU group: no EEH, and so no ATSD");
      return List.of();
    }
    if (withAtsd.size() > NvlinkLayout.MAX_ATSDS) {
      List<PlacedFunction> leftOut =
          withAtsd.stream().skip(NvlinkLayout.MAX_ATSDS).map(NvlinkLink::bridge).toList();
      warn(
          treeMessages,
          vphb.label(),
          "ibm,mmio-atsd takes %s registers, left out: %s"
              .formatted(NvlinkLayout.MAX_ATSDS, names(leftOut)));
    }
    return withAtsd.stream().limit(NvlinkLayout.MAX_ATSDS).map(NvlinkLink::atsdGpa).toList();
  }

  private static void warn(List<Message> messages, Object subject, String text) {
    messages.add(Message.warning(subject, text));
  }

  private static String names(List<PlacedFunction> functions) {
    return String.join(", ", functions.stream().map(PlacedFunction::toString).toList());
  }
}
