package org.nvlink2vmm.dt.spapr;

import java.util.Arrays;
import java.util.List;
import org.nvlink2vmm.dt.tree.DeviceTree;

/** Machines for tests: vPHBs in brief form, one NUMA node of 16 GiB unless told otherwise. */
final class Machines {
  static final long GIB = 1L << 30;
  static final long TGT = 0x400_0000_0000L;

  private Machines() {}

  static VphbDescription vphb(int index, PciFunctionDescription... functions) {
    return vphb(index, true, functions);
  }

  static VphbDescription vphb(int index, boolean eeh, PciFunctionDescription... functions) {
    return new VphbDescription(
        index,
        NvlinkWindows.of(index, MachineType.PSERIES_7_0),
        eeh,
        VphbBinding.BRIEF,
        List.of(functions));
  }

  static MachineDescription machine(Compat compat, VphbDescription... vphbs) {
    return machine(compat, compat.newestMachineType(), Affinity.FORM1, 1, vphbs);
  }

  static MachineDescription machine(
      Compat compat,
      MachineType machineType,
      Affinity affinity,
      int nodes,
      VphbDescription... vphbs) {
    Long[] sizes = new Long[nodes];
    Arrays.fill(sizes, 16 * GIB);
    return new MachineDescription(
        compat, machineType, affinity, GuestMemory.of(sizes), List.of(vphbs), List.of());
  }

  static DeviceTree tree(MachineDescription machine) {
    return SpaprTree.write(machine, MachineLayout.of(machine));
  }

  /** A vPHB with one GPU in slot 1 and two bridges in slot 2, target address {@code tgt}. */
  static VphbDescription oneGpu(int index, long tgt) {
    return vphb(
        index,
        Devices.gpu("gpu" + index, 1, tgt),
        Devices.bridge("npu" + index + "0", 2, 0, tgt),
        Devices.bridge("npu" + index + "1", 2, 1, tgt));
  }

  static List<String> texts(MachineLayout layout) {
    return layout.messages().stream().map(Message::text).toList();
  }
}
