package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The layouts of all vPHBs after a machine reset.
 *
 * @param vphbs one layout per vPHB, in creation order
 * @param numaIds the NUMA id counter, which the next reset starts from
 * @param setupMessages what the resets so far reported, in order; corrected: what the last one did
 * @param associativity the NUMA properties that follow from it
 */
public record MachineLayout(
    List<NvlinkLayout> vphbs,
    NumaIds numaIds,
    List<Message> setupMessages,
    Associativity associativity) {

  public MachineLayout {
    vphbs = List.copyOf(vphbs);
    setupMessages = List.copyOf(setupMessages);
  }

  /**
   * The layout of a machine after its first reset.
   *
   * @throws Refusal when there is none
   */
  public static MachineLayout of(MachineDescription machine) {
    return afterResets(machine, 1);
  }

  /**
   * The layout of a machine after a number of resets.
   *
   * @throws Refusal when there is none
   */
  public static MachineLayout afterResets(MachineDescription machine, int resets) {
    if (resets < 1) {
      throw new IllegalArgumentException(resets + " machine resets, expected at least one");
    }
    MachineLayout layout = reset(machine, NumaIds.start(machine.memory().nodes()), List.of());
    for (int i = 1; i < resets; i++) {
      layout = layout.reset(machine);
    }
    return layout;
  }

  /**
   * The layout after one more reset of the same machine, whose devices may have changed.
   *
   * @throws Refusal when there is none
   */
  public MachineLayout reset(MachineDescription machine) {
    return reset(machine, numaIds, setupMessages);
  }

  private static MachineLayout reset(
      MachineDescription machine, NumaIds before, List<Message> earlier) {
    Compat compat = machine.compat();
    NumaIds ids = compat.restartsNumaIds() ? NumaIds.start(machine.memory().nodes()) : before;
    // QEMU says again at every reset what it said at the first.
    List<Message> messages = new ArrayList<>(compat.isCorrected() ? List.of() : earlier);
    List<NvlinkLayout> layouts = new ArrayList<>();
    // QEMU walks its bus children, the newest first.
    boolean newestFirst = !compat.isCorrected();
    for (VphbDescription vphb : newestFirst ? machine.vphbs().reversed() : machine.vphbs()) {
      NvlinkLayout layout = NvlinkLayout.of(vphb, ids, compat);
      ids = layout.numaIds();
      messages.addAll(layout.setupMessages());
      layouts.add(layout);
    }
    List<NvlinkLayout> inCreationOrder = newestFirst ? layouts.reversed() : layouts;
    if (compat.isCorrected()) {
      refuseOverlap(inCreationOrder);
      messages.addAll(repeatedTgts(inCreationOrder));
    } else {
      refuseEqualMemoryNodes(inCreationOrder, compat);
    }
    Associativity associativity = Associativity.of(machine, ids);
    for (NvlinkLayout layout : inCreationOrder) {
      // Refuses an id that has no associativity now, not when the tree is written.
      layout.slots().forEach(slot -> associativity.gpu(slot.numaId()));
    }
    return new MachineLayout(inCreationOrder, ids, messages, associativity);
  }

  /** All that was reported: by the resets, then by writing the tree. */
  public List<Message> messages() {
    List<Message> messages = new ArrayList<>(setupMessages);
    messages.addAll(associativity.messages());
    for (NvlinkLayout layout : vphbs.reversed()) {
      messages.addAll(layout.treeMessages());
    }
    return messages;
  }

  /** The regions to map into guest memory, of all vPHBs. */
  public List<NvlinkMapping> mappings() {
    return vphbs.stream().flatMap(layout -> layout.mappings().stream()).toList();
  }

  /** The second of two memory nodes of one name cannot be made, and QEMU exits. */
  private static void refuseEqualMemoryNodes(List<NvlinkLayout> layouts, Compat compat) {
    Map<Long, NvlinkSlot> byGpa = new HashMap<>();
    for (NvlinkLayout layout : layouts) {
      for (NvlinkSlot slot : layout.slots()) {
        NvlinkSlot other = byGpa.putIfAbsent(slot.gpa(), slot);
        if (other != null) {
          throw Refusal.exit(
              compat,
              "%s and %s both have their RAM at %s"
                  .formatted(other.gpu(), slot.gpu(), Text.hex(slot.gpa())),
              "error creating device tree: off: FDT_ERR_EXISTS");
        }
      }
    }
  }

  private static void refuseOverlap(List<NvlinkLayout> layouts) {
    List<NvlinkMapping> sorted =
        layouts.stream()
            .flatMap(layout -> layout.mappings().stream())
            .sorted(Comparator.comparingLong(NvlinkMapping::gpa))
            .toList();
    for (int i = 1; i < sorted.size(); i++) {
      NvlinkMapping low = sorted.get(i - 1);
      NvlinkMapping high = sorted.get(i);
      if (high.gpa() - low.gpa() < low.size()) {
        throw Refusal.refused(
            "the regions of %s and %s overlap at %s"
                .formatted(low.function(), high.function(), Text.hex(high.gpa())));
      }
    }
  }

  /** A GPU has one address in its host's map, so the same one twice is most likely a slip. */
  private static List<Message> repeatedTgts(List<NvlinkLayout> layouts) {
    Map<Long, NvlinkSlot> byTgt = new HashMap<>();
    List<Message> messages = new ArrayList<>();
    for (NvlinkLayout layout : layouts) {
      for (NvlinkSlot slot : layout.slots()) {
        NvlinkSlot other = byTgt.putIfAbsent(slot.tgt(), slot);
        if (other != null) {
          messages.add(
              Message.warning(
                  slot.gpu(), "its tgt " + Text.hex(slot.tgt()) + " is that of " + other.gpu()));
        }
      }
    }
    return messages;
  }
}
