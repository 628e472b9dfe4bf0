package org.nvlink2vmm.vmm.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.powernv.HostGpu;
import org.nvlink2vmm.dt.powernv.MemoryWindow;
import org.nvlink2vmm.dt.spapr.NvlinkLayout;
import org.nvlink2vmm.dt.spapr.NvlinkSlot;
import org.nvlink2vmm.vmm.ats.PartitionScope;
import org.nvlink2vmm.vmm.host.EmulatedHost;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;

/**
 * Where the guest lies in the host: its RAM in one piece, and the coherent windows where the host's
 * GPU memory is. GPUs reach both by host-physical address, after the nest MMU's second translation.
 */
final class HostPlacement {
  /** Inside the first chip's memory, aligned for the largest pages. */
  private static final long RAM_HPA = 1L << 36;

  /** GPU memory begins here on all maps of the firmware (skiboot hw/phys-map.c). */
  private static final long RAM_END = 0x300_0000_0000L;

  private HostPlacement() {}

  /**
   * Shows guest RAM to the host's hardware; a guest too large for the place stays unseen by GPUs.
   */
  static void placeRam(SpaprMachine guest, EmulatedHost host) {
    if (guest.ram().size() > RAM_END - RAM_HPA) {
      return;
    }
    AddressSpace physical = host.physical();
    try (MemoryTransaction change = physical.change()) {
      change.map(
          physical.root(), RAM_HPA, new MemoryRegion.Ram("guest-ram", guest.ram().segment()));
    }
  }

  /** The second translation of the guest as it is laid out now. */
  static PartitionScope scope(Machine machine) {
    List<PartitionScope.Range> ranges = new ArrayList<>();
    ranges.add(new PartitionScope.Range(0, machine.spapr().ram().size(), RAM_HPA));
    for (NvlinkLayout layout : machine.spapr().layout().vphbs()) {
      for (NvlinkSlot slot : layout.slots()) {
        window(machine, slot.gpu().function().id())
            .ifPresent(
                window ->
                    ranges.add(
                        new PartitionScope.Range(
                            slot.gpa(), Math.min(slot.size(), window.size()), window.base())));
      }
    }
    return PartitionScope.of(ranges);
  }

  private static Optional<MemoryWindow> window(Machine machine, String gpu) {
    Optional<HostBdf> function = machine.hostFunction(gpu);
    return machine.host().stream()
        .flatMap(host -> host.tree().gpus().stream())
        .filter(candidate -> function.filter(candidate.bdf()::equals).isPresent())
        .findFirst()
        .flatMap(HostGpu::memory)
        .flatMap(memory -> memory.window());
  }
}
