package org.nvlink2vmm.vmm.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.nvlink2vmm.dt.spapr.NvlinkLayout;
import org.nvlink2vmm.dt.spapr.NvlinkLink;
import org.nvlink2vmm.dt.spapr.NvlinkSlot;
import org.nvlink2vmm.vmm.machine.Machine;
import org.nvlink2vmm.vmm.spapr.SpaprPhb;

/** What a picture of a machine shows. */
record Topology(List<Long> guestNodes, List<Vphb> vphbs) {
  Topology {
    guestNodes = List.copyOf(guestNodes);
    vphbs = List.copyOf(vphbs);
  }

  /** A host bridge; {@code plain} are the devices that have no part in NVLink. */
  record Vphb(int index, long buid, List<Gpu> gpus, List<String> plain) {
    Vphb {
      gpus = List.copyOf(gpus);
      plain = List.copyOf(plain);
    }
  }

  /** A GPU with its coherent window. */
  record Gpu(
      String id, String source, long tgt, long gpa, long size, int numaNode, List<Link> links) {
    Gpu {
      links = List.copyOf(links);
    }
  }

  /** A link; {@code atsd} is 0 for none. */
  record Link(String bridge, String source, int index, int speed, long atsd) {}

  static Topology of(Machine machine) {
    List<Vphb> vphbs = new ArrayList<>();
    for (int i = 0; i < machine.spapr().phbs().size(); i++) {
      SpaprPhb phb = machine.spapr().phbs().get(i);
      NvlinkLayout layout = machine.spapr().layout().vphbs().get(i);
      Map<String, Boolean> shown = new HashMap<>();
      List<Gpu> gpus = layout.slots().stream().map(slot -> gpu(machine, slot, shown)).toList();
      List<String> plain =
          phb.devices().stream()
              .map(device -> device.id())
              .filter(id -> !shown.containsKey(id))
              .toList();
      vphbs.add(new Vphb(phb.index(), phb.buid(), gpus, plain));
    }
    return new Topology(machine.spapr().setup().memory(), vphbs);
  }

  private static Gpu gpu(Machine machine, NvlinkSlot slot, Map<String, Boolean> shown) {
    String gpu = slot.gpu().function().id();
    shown.put(gpu, true);
    List<Link> links = new ArrayList<>();
    for (NvlinkLink link : slot.links()) {
      String bridge = link.bridge().function().id();
      shown.put(bridge, true);
      links.add(
          new Link(
              bridge,
              machine.sourceOf(bridge),
              link.index(),
              link.speed(),
              link.hasAtsd() ? link.atsdGpa() : 0));
    }
    return new Gpu(
        gpu, machine.sourceOf(gpu), slot.tgt(), slot.gpa(), slot.size(), slot.numaId(), links);
  }
}
