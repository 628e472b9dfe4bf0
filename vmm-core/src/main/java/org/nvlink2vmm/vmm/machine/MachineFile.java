package org.nvlink2vmm.vmm.machine;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.dt.spapr.Affinity;
import org.nvlink2vmm.dt.spapr.Compat;
import org.nvlink2vmm.dt.spapr.MachineType;
import org.nvlink2vmm.vmm.device.DeviceOptions;
import org.nvlink2vmm.vmm.device.HostAbi;

/**
 * What a machine file says, every value checked on its own and defaults filled in.
 *
 * @param name the file as the user named it, for messages
 * @param host the host whose devices may be taken; empty when there is none
 * @param vphbs the vPHBs in creation order; empty for {@code auto}: one for each NPU of the host
 */
public record MachineFile(
    String name, Guest guest, Optional<Host> host, Optional<List<Vphb>> vphbs) {

  /**
   * The guest ({@code machine:}).
   *
   * @param memory bytes of each NUMA node, node 0 first
   * @param resets machine resets before the tree is written, at least 1
   */
  public record Guest(
      Compat compat,
      MachineType machineType,
      Affinity affinity,
      List<Long> memory,
      int cpus,
      int resets,
      boolean strict) {
    /** What is meant when nothing is said: 4 GiB, one processor, the corrected tree. */
    static final Guest DEFAULT =
        new Guest(
            Compat.CORRECTED,
            Compat.CORRECTED.newestMachineType(),
            Affinity.FORM1,
            List.of(4L << 30),
            1,
            1,
            false);

    public Guest {
      memory = List.copyOf(memory);
    }
  }

  /**
   * The host ({@code host:}).
   *
   * @param tree a built-in name, or the path of a tree, relative to the machine file's folder
   */
  public record Host(String tree, HostAbi abi) {}

  /**
   * A vPHB.
   *
   * @param eeh whether EEH is available; empty: as its devices' IOMMU groups have it
   */
  public record Vphb(int index, Optional<Boolean> eeh, List<Device> devices) {
    public Vphb {
      devices = List.copyOf(devices);
    }
  }

  /**
   * A device.
   *
   * @param place the file and the path of the device in it, for errors
   * @param id unique in the machine
   * @param plugin the name of its kind
   * @param options the kind's own options
   */
  public record Device(
      String place,
      String id,
      int slot,
      int function,
      String plugin,
      DeviceOptions options,
      Source source) {}

  /** Where a device comes from. */
  public sealed interface Source {
    /** A function of the host. */
    record FromHost(HostBdf function) implements Source {}

    /** Described directly. */
    record Described(DeviceOptions description) implements Source {}

    /** A vfio-user server's socket. */
    record FromSocket(String path) implements Source {}

    /** A PCI bridge with devices behind it; none for a bridge with an empty bus. */
    record BridgeTo(List<Device> devices) implements Source {
      public BridgeTo {
        devices = List.copyOf(devices);
      }
    }
  }
}
