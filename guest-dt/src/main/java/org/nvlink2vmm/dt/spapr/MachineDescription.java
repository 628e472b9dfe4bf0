package org.nvlink2vmm.dt.spapr;

import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A pseries machine: all that its device tree is written from.
 *
 * @param compat whose tree
 * @param machineType the guest machine version
 * @param affinity the NUMA binding that the guest negotiated
 * @param memory ordinary memory
 * @param vphbs host bridges in the order in which they were created
 * @param platform the other parts, each kind at most once; what is not there is not written
 */
public record MachineDescription(
    Compat compat,
    MachineType machineType,
    Affinity affinity,
    GuestMemory memory,
    List<VphbDescription> vphbs,
    List<PlatformPart> platform) {

  /**
   * @throws Refusal when the release has no such machine type, or two vPHBs share an index
   */
  public MachineDescription {
    Objects.requireNonNull(affinity, "affinity");
    Objects.requireNonNull(memory, "memory");
    vphbs = List.copyOf(vphbs);
    platform = List.copyOf(platform);
    if (machineType.compareTo(compat.newestMachineType()) > 0) {
      throw Refusal.refused(
          "machine type %s: the newest of %s is %s"
              .formatted(machineType.text(), compat.text(), compat.newestMachineType().text()));
    }
    checkVphbs(vphbs, memory.nodes());
    long kinds = platform.stream().map(Object::getClass).distinct().count();
    if (kinds != platform.size()) {
      throw new IllegalArgumentException("a platform part is given twice");
    }
    for (PlatformPart part : platform) {
      if (part instanceof PlatformPart.Cpus cpus) {
        cpus.cpus().forEach(cpu -> checkNode("CPU " + cpu.id(), cpu.numaNode(), memory.nodes()));
      }
    }
  }

  private static void checkVphbs(List<VphbDescription> vphbs, int nodes) {
    BitSet indexes = new BitSet();
    for (VphbDescription vphb : vphbs) {
      if (indexes.get(vphb.index())) {
        throw Refusal.refused("two vPHBs with index " + vphb.index());
      }
      indexes.set(vphb.index());
      if (vphb.binding() instanceof VphbBinding.Complete complete) {
        checkNode(vphb.label(), complete.numaNode(), nodes);
      }
    }
  }

  private static void checkNode(String what, int node, int nodes) {
    if (node != VphbBinding.NO_NUMA_NODE && (node < 0 || node >= nodes)) {
      throw Refusal.refused(
          "%s is on NUMA node %s, the machine has %s".formatted(what, node, nodes));
    }
  }

  /** The part of this kind, if the machine has it. */
  <T extends PlatformPart> Optional<T> part(Class<T> kind) {
    return platform.stream().filter(kind::isInstance).map(kind::cast).findFirst();
  }
}
