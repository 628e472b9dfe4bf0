package org.nvlink2vmm.vmm.spapr;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.nvlink2vmm.dt.spapr.VphbBinding;
import org.nvlink2vmm.dt.spapr.VphbPlacement;
import org.nvlink2vmm.vmm.iommu.GuestDma;
import org.nvlink2vmm.vmm.iommu.TceTable;
import org.nvlink2vmm.vmm.memory.AddressSpace;

/**
 * The DMA windows of a host bridge and the devices that go through them: the default one, and what
 * the guest makes of them by the dynamic window calls (PAPR 7.3.15; QEMU hw/ppc/spapr_rtas_ddw.c).
 * One lock guards the list; accesses take none.
 */
public final class DmaWindows {
  /** SPAPR_PCI_DMA_MAX_WINDOWS. */
  public static final int MOST = 2;

  /** Page sizes of dynamic windows: QEMU's default, 4 KiB and 64 KiB. */
  private static final int PAGE_SHIFTS = 1 << 12 | 1 << 16;

  private static final int DEFAULT_PAGE_SHIFT = 12;

  /** Where a second window begins: the property dma64_win_addr of QEMU's host bridge. */
  private static final long WIDE_BASE = 0x800_0000_0000_0000L;

  private final VphbPlacement placement;
  private final AddressSpace memory;
  private final long defaultBase;
  private final long defaultSize;
  private final List<Device> devices = new ArrayList<>();
  private volatile List<TceTable> tables;

  private record Device(String id, GuestDma dma) {}

  DmaWindows(VphbPlacement placement, AddressSpace memory, VphbBinding.Complete binding) {
    this.placement = placement;
    this.memory = memory;
    this.defaultBase = binding.dmaWindowBase();
    this.defaultSize = binding.dmaWindowSize();
    this.tables = List.of(defaultWindow());
  }

  private TceTable defaultWindow() {
    return new TceTable(placement.liobn(0), defaultBase, defaultSize, DEFAULT_PAGE_SHIFT);
  }

  /** A device's way to guest memory from now on. */
  synchronized GuestDma join(String id, BooleanSupplier busMaster) {
    GuestDma dma = new GuestDma(memory, busMaster, tables);
    devices.add(new Device(id, dma));
    return dma;
  }

  /** The windows that exist. */
  public List<TceTable> tables() {
    return tables;
  }

  /** The window of a LIOBN. */
  public Optional<TceTable> table(long liobn) {
    return tables.stream()
        .filter(table -> Integer.toUnsignedLong(table.liobn()) == liobn)
        .findFirst();
  }

  /** Windows that can still be made. */
  public int available() {
    return MOST - tables.size();
  }

  /** Page sizes as {@code ibm,query-pe-dma-window} says them: bit 0 is 4 KiB, bit 1 64 KiB. */
  public static int pageMask() {
    return 3;
  }

  public static boolean isPageShift(int shift) {
    return shift >= 0 && shift < 32 && (PAGE_SHIFTS >>> shift & 1) != 0;
  }

  /**
   * Makes a window, the first where the default one was, the second far above.
   *
   * @return empty when there are as many as there can be, or it would be too large
   */
  public synchronized Optional<TceTable> create(int pageShift, int windowShift) {
    if (available() <= 0 || windowShift > 58) {
      return Optional.empty();
    }
    int number = table(Integer.toUnsignedLong(placement.liobn(0))).isEmpty() ? 0 : 1;
    long base = tables.isEmpty() ? defaultBase : WIDE_BASE;
    try {
      TceTable made = new TceTable(placement.liobn(number), base, 1L << windowShift, pageShift);
      List<TceTable> more = new ArrayList<>(tables);
      more.add(made);
      replace(more);
      return Optional.of(made);
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  /** Removes a window; false when there is none of that LIOBN. */
  synchronized boolean remove(long liobn) {
    List<TceTable> fewer = new ArrayList<>(tables);
    boolean removed = fewer.removeIf(table -> Integer.toUnsignedLong(table.liobn()) == liobn);
    replace(fewer);
    return removed;
  }

  /** The default window alone, without entries. */
  public synchronized void reset() {
    replace(List.of(defaultWindow()));
  }

  private void replace(List<TceTable> changed) {
    tables = List.copyOf(changed);
    devices.forEach(device -> device.dma().windows(tables));
  }

  /** One line for each device that reached for what the guest has not mapped. */
  public synchronized List<String> faults() {
    return devices.stream()
        .filter(device -> device.dma().faults() > 0)
        .map(device -> device.id() + ": " + device.dma().faultLine())
        .toList();
  }
}
