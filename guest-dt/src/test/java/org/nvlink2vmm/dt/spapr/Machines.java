package org.nvlink2vmm.dt.spapr;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

  /** Everything beside memory and PCI, for two cores with three threads in all. */
  static List<PlatformPart> platform() {
    Map<String, Integer> tokens = new LinkedHashMap<>();
    for (String call :
        List.of(
            "display-character",
            "ibm,read-pci-config",
            "ibm,write-pci-config",
            "ibm,set-eeh-option",
            "ibm,get-config-addr-info2",
            "ibm,read-slot-reset-state2",
            "ibm,set-slot-reset",
            "ibm,configure-pe",
            "ibm,slot-error-detail",
            "ibm,query-pe-dma-window",
            "ibm,create-pe-dma-window",
            "ibm,remove-pe-dma-window",
            "ibm,reset-pe-dma-window")) {
      tokens.put(call, 0x2000 + tokens.size());
    }
    return List.of(
        new PlatformPart.Identity("00000000-0000-0000-0000-000000000001", "guest"),
        new PlatformPart.InterruptController(2),
        new PlatformPart.Vdevice(
            List.of(
                VioDevice.terminal(0x7100_0000, 0x1100),
                VioDevice.nvram(0x7100_0001, 0x1101, 0x1_0000))),
        new PlatformPart.Cpus(
            List.of(
                CpuDescription.power9(0),
                new CpuDescription(8, 2, CpuModel.POWER9, 0, false, false))),
        new PlatformPart.EventSources(0x1000, 0x1001),
        new PlatformPart.Rtas(tokens, 0x1000, 0x6f0_0000, List.of("hcall-pft", "hcall-tce")),
        new PlatformPart.Chosen(
            "console=hvc0", 0x300_0000, 0x380_0000, "/vdevice/vty@71000000", true));
  }
}
