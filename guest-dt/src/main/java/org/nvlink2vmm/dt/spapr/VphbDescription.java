package org.nvlink2vmm.dt.spapr;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;

/**
 * A virtual PCI host bridge and what is plugged into it.
 *
 * @param index 0 ... 30; decides all addresses
 * @param windows where GPU RAM and ATSD registers go
 * @param eeh whether EEH is available: all VFIO devices of the vPHB are one IOMMU group
 * @param binding how much of the host bridge binding is written
 * @param functions the functions of the root bus, kept by ascending devfn
 */
public record VphbDescription(
    int index,
    NvlinkWindows windows,
    boolean eeh,
    VphbBinding binding,
    List<PciFunctionDescription> functions) {

  /**
   * @throws Refusal when the index is out of range, two functions share a place, or two buses a
   *     number
   */
  public VphbDescription {
    VphbPlacement.checkIndex(index);
    Objects.requireNonNull(windows, "windows");
    Objects.requireNonNull(binding, "binding");
    functions = PciFunctionDescription.inBusOrder(functions);
    checkBusNumbers(index, functions);
  }

  /** A vPHB with the complete binding and the windows that its machine type gives it. */
  public static VphbDescription of(
      int index, MachineType machineType, boolean eeh, List<PciFunctionDescription> functions) {
    return new VphbDescription(
        index, NvlinkWindows.of(index, machineType), eeh, VphbBinding.COMPLETE, functions);
  }

  public VphbPlacement placement() {
    return VphbPlacement.of(index);
  }

  /** How messages name it. */
  String label() {
    return "vPHB " + index;
  }

  private static void checkBusNumbers(int index, List<PciFunctionDescription> functions) {
    BitSet seen = new BitSet(256);
    List<PciFunctionDescription> open = new ArrayList<>(functions);
    while (!open.isEmpty()) {
      PciFunctionDescription function = open.removeLast();
      SecondaryBus behind = function.behind();
      if (behind.exists() && seen.get(behind.number())) {
        throw Refusal.refused(
            "vPHB %s: %s leads to bus %s, which another bridge leads to"
                .formatted(index, function.id(), behind.number()));
      }
      seen.set(behind.number());
      open.addAll(behind.functions());
    }
  }
}
