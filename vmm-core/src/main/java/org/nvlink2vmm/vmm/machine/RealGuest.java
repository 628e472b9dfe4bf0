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
import org.nvlink2vmm.dt.fdt.FdtWriter;
import org.nvlink2vmm.vmm.iommu.TceTable;
import org.nvlink2vmm.vmm.spapr.Rtas;
import org.nvlink2vmm.vmm.spapr.SpaprMachine;
import org.nvlink2vmm.vmm.spapr.SpaprPhb;
import org.nvlink2vmm.vmm.vcpu.boot.BootException;
import org.nvlink2vmm.vmm.vcpu.boot.BootPlan;
import org.nvlink2vmm.vmm.vcpu.boot.ElfImage;
import org.nvlink2vmm.vmm.vcpu.pseries.DmaTables;
import org.nvlink2vmm.vmm.vcpu.pseries.GuestExit;
import org.nvlink2vmm.vmm.vcpu.pseries.PseriesGuest;
import org.nvlink2vmm.vmm.vcpu.pseries.RtasArguments;
import org.nvlink2vmm.vmm.vcpu.pseries.RtasTable;
import org.nvlink2vmm.vmm.vcpu.pseries.VtyConsole;

/** A kernel that executes on a machine: joins the processor side to the machine's buses. */
public final class RealGuest {
  /** The default window of a vPHB: 1 GiB from bus address 0 in pages of 4 KiB, as in its node. */
  private static final long DMA_WINDOW = 0x4000_0000L;

  private static final int DMA_PAGE_SHIFT = 12;

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
            new Windows(spapr.phbs().stream().map(RealGuest::window).toList()));
    Rtas pci = spapr.rtas();
    pci.noteIn(guest.recentAccesses());
    addPciCalls(guest.rtas(), pci);
    guest.hypervisor().onProcessTable(new ProcessTables(machine)::register);
    machine.errors().stop(() -> guest.halt(LowLevelErrors.STOPPED));
    BootPlan plan = guest.plan();
    SpaprMachine.Boot boot =
        new SpaprMachine.Boot(
            image.arguments(),
            plan.initrdStart(),
            plan.initrdEnd(),
            plan.rtasBase(),
            List.copyOf(guest.rtas().tokens().keySet()));
    this.blob = FdtWriter.bytes(spapr.tree(boot));
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

  /** SPAPR_PCI_LIOBN of QEMU for the first window. */
  private static TceTable window(SpaprPhb phb) {
    return new TceTable(0x8000_0000 | phb.index() << 8, 0, DMA_WINDOW, DMA_PAGE_SHIFT);
  }

  private static void addPciCalls(RtasTable table, Rtas pci) {
    table.add("ibm,read-pci-config", arguments -> read(arguments, pci));
    table.add("ibm,write-pci-config", arguments -> write(arguments, pci));
  }

  private static int read(RtasArguments arguments, Rtas pci) {
    long value = pci.readPciConfig(arguments.pair(1), arguments.argument(0), arguments.argument(3));
    arguments.result(1, (int) value);
    return value < 0 ? (int) value : Rtas.SUCCESS;
  }

  private static int write(RtasArguments arguments, Rtas pci) {
    return pci.writePciConfig(
        arguments.pair(1), arguments.argument(0), arguments.argument(3), arguments.argument(4));
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

  /** The vPHBs' windows by LIOBN. */
  private record Windows(List<TceTable> tables) implements DmaTables {
    private Optional<TceTable> table(long liobn) {
      return tables.stream()
          .filter(table -> Integer.toUnsignedLong(table.liobn()) == liobn)
          .findFirst();
    }

    @Override
    public boolean put(long liobn, long ioba, long tce) {
      return table(liobn).map(table -> table.put(ioba, tce) == TceTable.H_SUCCESS).orElse(false);
    }

    @Override
    public long entry(long liobn, long ioba) {
      return table(liobn).map(table -> table.get(ioba)).orElse(TceTable.FAULT);
    }

    @Override
    public int pageShift(long liobn) {
      return table(liobn).map(TceTable::pageShift).orElse(0);
    }
  }
}
