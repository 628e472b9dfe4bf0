package org.nvlink2vmm.vmm.machine;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.dt.tree.DeviceTree;
import org.nvlink2vmm.vmm.iommu.TceTable;
import org.nvlink2vmm.vmm.spapr.Rtas;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;
import org.nvlink2vmm.vmm.vcpu.boot.BootException;
import org.nvlink2vmm.vmm.vcpu.boot.BootPlan;
import org.nvlink2vmm.vmm.vcpu.boot.ElfImage;
import org.nvlink2vmm.vmm.vcpu.pseries.DmaTables;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;
import org.nvlink2vmm.vmm.vcpu.pseries.PseriesGuest;
import org.nvlink2vmm.vmm.vcpu.pseries.VtyConsole;

/** A kernel that executes on a machine: joins the processor side to the machine's buses. */
public final class RealGuest {
  private final SpaprMachine machine;
  private final PseriesGuest guest;
  private final byte[] blob;

  /**
   * What is started.
   *
   * @param initrd the initial RAM disk, if any
   * @param arguments the kernel's command line
   */
  public record Image(Path kernel, Optional<Path> initrd, String arguments) {}

  /**
   * Loads a guest into a machine's memory.
   *
   * @throws BootException when a file is no kernel, or something does not fit
   */
  public RealGuest(Machine machine, Image image, OutputStream console) {
    SpaprMachine spapr = machine.spapr();
    this.machine = spapr;
    ElfImage kernel = ElfImage.read(image.kernel());
    this.guest =
        new PseriesGuest(
            spapr.memory(),
            spapr.ram().size(),
            spapr.realModeArea(),
            spapr.setup().cpus(),
            kernel,
            image.initrd().map(RealGuest::map).orElseGet(() -> MemorySegment.ofArray(new byte[0])),
            new VtyConsole(console),
            new Windows(spapr.rtas()));
    Rtas pci = spapr.rtas();
    pci.noteIn(guest.recentAccesses());
    new PciCalls(pci).addTo(guest.rtas());
    spapr.connect(guest.interrupts());
    guest.hypervisor().onProcessTable(new ProcessTables(machine)::register);
    machine.errors().stop(() -> guest.halt(LowLevelErrors.STOPPED));
    BootPlan plan = guest.plan();
    SpaprMachine.Boot boot =
        new SpaprMachine.Boot(
            image.arguments(),
            plan.initrdStart(),
            plan.initrdEnd(),
            plan.rtasBase(),
            guest.rtas().tokens());
    DeviceTree tree = spapr.tree(boot);
    guest.hypervisor().associativity(associativity(tree));
    this.blob = FdtWriter.bytes(tree);
  }

  /**
   * The domains of each core, of one thread, behind their number; none where the tree says none.
   */
  private static List<int[]> associativity(DeviceTree tree) {
    return tree.find("/cpus").stream()
        .flatMap(cpus -> cpus.children().stream())
        .flatMap(cpu -> cpu.property("ibm,associativity").stream())
        .map(list -> IntStream.range(1, list.cellCount()).map(list::cell).toArray())
        .toList();
  }

  private static MemorySegment map(Path initrd) {
    try (FileChannel channel = FileChannel.open(initrd)) {
      return MemorySegment.ofBuffer(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
    } catch (IOException e) {
      throw new BootException(
          initrd
              + ": "
              + (Files.exists(initrd) ? "cannot be read: " + e.getMessage() : "no such file"));
    }
  }

  /** The tree that the guest is given. */
  public byte[] tree() {
    return blob.clone();
  }

  /** The processor side, for debuggers and reports. */
  public PseriesGuest guest() {
    return guest;
  }

  /** Runs it until it ends or the time is over; notes then say what it last did to devices. */
  public GuestExit run(Duration timeout) {
    GuestExit exit = guest.run(blob, timeout);
    if (exit.reason() == GuestExit.Reason.POWER_OFF) {
      return exit;
    }
    DeviceAccesses accesses = new DeviceAccesses(machine, guest.symbols());
    return exit.with(accesses.lines(guest.recentAccesses(), System.nanoTime()));
  }

  /** The vPHBs' windows by LIOBN, as they are at the time of the call. */
  private record Windows(Rtas pci) implements DmaTables {
    @Override
    public boolean put(long liobn, long ioba, long tce) {
      return pci.window(liobn)
          .map(table -> table.put(ioba, tce) == TceTable.H_SUCCESS)
          .orElse(false);
    }

    @Override
    public long entry(long liobn, long ioba) {
      return pci.window(liobn)
          .filter(table -> table.covers(ioba))
          .map(table -> table.get(ioba))
          .orElse(TceTable.FAULT);
    }

    @Override
    public int pageShift(long liobn) {
      return pci.window(liobn).map(TceTable::pageShift).orElse(0);
    }
  }
}
