package org.nvlink2vmm.it.vcpu;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.spapr.Affinity;
import org.nvlink2vmm.dt.spapr.Compat;
import org.nvlink2vmm.dt.spapr.CpuDescription;
import org.nvlink2vmm.dt.spapr.CpuModel;
import org.nvlink2vmm.dt.spapr.GuestMemory;
import org.nvlink2vmm.dt.spapr.MachineDescription;
import org.nvlink2vmm.dt.spapr.MachineLayout;
import org.nvlink2vmm.dt.spapr.PlatformPart;
import org.nvlink2vmm.dt.spapr.SpaprTree;
import org.nvlink2vmm.dt.spapr.VioDevice;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.MemoryRegion;
import org.nvlink2vmm.vmm.memory.MemoryTransaction;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vcpu.ExecutionMode;
import org.nvlink2vmm.vmm.vcpu.boot.BootPlan;
import org.nvlink2vmm.vmm.vcpu.boot.ElfImage;
import org.nvlink2vmm.vmm.vcpu.pseries.DmaTables;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;
import org.nvlink2vmm.vmm.vcpu.pseries.PseriesGuest;
import org.nvlink2vmm.vmm.vcpu.pseries.VtyConsole;

/** A pseries machine with memory, processors and a console, and nothing else. */
final class PlainMachine implements AutoCloseable {
  private static final long RAM = 512L << 20;
  private static final long REAL_MODE_AREA = 256L << 20;

  private final RamBlock ram = RamBlock.ofPrivate("ram", RAM);
  private final AddressSpace space = new AddressSpace("guest", 1L << 52);
  private final ByteArrayOutputStream console = new ByteArrayOutputStream();
  private final PseriesGuest guest;
  private final int cpus;

  PlainMachine(int cpus, ElfImage kernel, byte[] initrd) {
    this.cpus = cpus;
    try (MemoryTransaction change = space.change()) {
      change.map(space.root(), 0, new MemoryRegion.Ram("ram", ram.segment()));
    }
    guest =
        new PseriesGuest(
            space,
            RAM,
            REAL_MODE_AREA,
            cpus,
            kernel,
            MemorySegment.ofArray(initrd),
            new VtyConsole(console),
            DmaTables.NONE);
  }

  /** How its threads execute; {@link ExecutionMode#AUTO} when nothing is said. */
  PlainMachine executing(ExecutionMode mode) {
    guest.partition().executionMode(mode);
    return this;
  }

  byte[] tree(String arguments) {
    BootPlan plan = guest.plan();
    List<CpuDescription> cores = IntStream.range(0, cpus).mapToObj(PlainMachine::scalar).toList();
    List<PlatformPart> parts =
        List.of(
            new PlatformPart.Cpus(cores),
            new PlatformPart.InterruptController(cpus),
            new PlatformPart.Vdevice(List.of(VioDevice.terminal(VtyConsole.UNIT, 0x1100))),
            new PlatformPart.Rtas(
                guest.rtas().tokens(),
                plan.rtasSize(),
                plan.rtasBase(),
                List.of("hcall-term", "hcall-interrupt", "hcall-tce", "hcall-set-mode")),
            new PlatformPart.Chosen(
                arguments,
                plan.initrdStart(),
                plan.initrdEnd(),
                "/vdevice/vty@" + Integer.toHexString(VtyConsole.UNIT),
                true));
    MachineDescription description =
        new MachineDescription(
            Compat.CORRECTED,
            Compat.CORRECTED.newestMachineType(),
            Affinity.FORM1,
            new GuestMemory(List.of(RAM), REAL_MODE_AREA, GuestMemory.of(RAM).distances()),
            List.of(),
            parts);
    return FdtWriter.bytes(SpaprTree.write(description, MachineLayout.of(description)));
  }

  /** Without the units that the interpreter lacks. */
  private static CpuDescription scalar(int id) {
    return new CpuDescription(id, 1, CpuModel.POWER9, 0, false, false);
  }

  GuestExit run(String arguments) {
    return guest.run(tree(arguments), Duration.ofMinutes(5));
  }

  String console() {
    return console.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() {
    ram.close();
  }
}
