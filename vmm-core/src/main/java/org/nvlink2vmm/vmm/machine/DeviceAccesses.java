package org.nvlink2vmm.vmm.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.pci.PciBridge;
import org.nvlink2vmm.vmm.pci.PciBus;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;
import org.nvlink2vmm.vmm.spapr.SpaprPhb;
import org.nvlink2vmm.vmm.trace.RecentAccesses;
import org.nvlink2vmm.vmm.trace.RecentAccesses.Access;
import org.nvlink2vmm.vmm.vcpu.boot.KernelSymbols;

/** A guest's last accesses to devices, in words: who, when, where in which device, what. */
record DeviceAccesses(SpaprMachine machine, KernelSymbols symbols) {
  /** A function's name and the guest's name for its place. */
  private record Place(String id, String bdf) {}

  /** One line an access, the oldest first, behind a heading; nothing when there was none. */
  List<String> lines(RecentAccesses recent, long endNanoTime) {
    List<String> lines = new ArrayList<>();
    List<Access> accesses = recent.list();
    if (!accesses.isEmpty()) {
      lines.add(
          "last %d of %d device accesses, with the time before the end:"
              .formatted(accesses.size(), recent.count()));
    }
    List<Place> places = places();
    for (Access access : accesses) {
      lines.add(
          "%12s %s %-5s %d  %s  0x%x%s"
              .formatted(
                  time(endNanoTime - access.nanoTime()),
                  access.thread(),
                  access.write() ? "write" : "read",
                  access.size(),
                  access.config() ? config(access, places) : memory(access, places),
                  access.value(),
                  processor(access)));
    }
    return lines;
  }

  private static String time(long nanos) {
    return "%.3f ms".formatted(nanos / 1e6);
  }

  private String processor(Access access) {
    if (access.instructions() == 0 && access.returnAddress() == 0) {
      return "";
    }
    // Firmware makes accesses to configuration space: its caller is no news.
    String caller = access.config() ? "" : ", lr " + symbols.place(access.returnAddress());
    return "  after %d instructions%s".formatted(access.instructions(), caller);
  }

  private String memory(Access access, List<Place> places) {
    Optional<AddressSpace.Claim> claim = machine.memory().claim(access.address());
    if (claim.isEmpty()) {
      return "0x%x, where nothing answers".formatted(access.address());
    }
    String region = claim.get().region().name();
    String bdf =
        places.stream()
            .filter(place -> region.equals(place.id()) || region.startsWith(place.id() + "-"))
            .map(place -> place.bdf() + " ")
            .findFirst()
            .orElse("");
    return "0x%x, %s%s+0x%x".formatted(access.address(), bdf, region, claim.get().offset());
  }

  private String config(Access access, List<Place> places) {
    long address = access.address();
    String bdf =
        "%04x:%02x:%02x.%x"
            .formatted(
                domain(access.bus()),
                address >>> 16 & 0xff,
                address >>> 11 & 0x1f,
                address >>> 8 & 7);
    String id =
        places.stream()
            .filter(place -> place.bdf().equals(bdf))
            .map(place -> " " + place.id())
            .findFirst()
            .orElse(" (no function)");
    return "config %s%s+0x%x".formatted(bdf, id, (address >>> 20 & 0xf00) | (address & 0xff));
  }

  private long domain(long buid) {
    return machine.phbs().stream()
        .filter(phb -> phb.buid() == buid)
        .mapToLong(SpaprPhb::index)
        .findFirst()
        .orElse(0xffff);
  }

  private List<Place> places() {
    List<Place> places = new ArrayList<>();
    machine.phbs().forEach(phb -> add(places, phb.index(), 0, phb.root().bus()));
    return places;
  }

  private static void add(List<Place> places, int domain, int number, PciBus bus) {
    for (PciBus.Slot slot : bus.functions()) {
      String bdf =
          "%04x:%02x:%02x.%x".formatted(domain, number, slot.devfn() >> 3, slot.devfn() & 7);
      places.add(new Place(slot.function().id(), bdf));
      if (slot.function() instanceof PciBridge bridge) {
        add(places, domain, bridge.secondaryNumber(), bridge.secondary());
      }
    }
  }
}
