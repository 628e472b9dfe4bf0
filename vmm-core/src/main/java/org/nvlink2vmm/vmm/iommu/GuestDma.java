package org.nvlink2vmm.vmm.iommu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.memory.BusResult;

/**
 * Guest memory behind a host bridge's DMA windows: each page of an access is translated by the
 * window's {@link TceTable} and then goes to the guest's address space. A device that is not bus
 * master reaches nothing.
 *
 * <p>An access that faults on a page has moved the pages before it, as on a bus. Faults are
 * counted. Any thread; no lock.
 */
public final class GuestDma implements DmaSpace {
  private final AddressSpace memory;
  private final BooleanSupplier busMaster;
  private final LongAdder faults = new LongAdder();
  private volatile List<TceTable> windows;
  private volatile Fault first = NO_FAULT;

  private static final Fault NO_FAULT = new Fault(0, 0, false, false);

  /** An access that did not reach all its bytes. */
  private record Fault(long iova, long length, boolean write, boolean busMaster) {}

  /**
   * DMA of one function.
   *
   * @param memory the guest's
   * @param busMaster whether the function's Command allows it
   * @param windows that do not overlap
   */
  public GuestDma(AddressSpace memory, BooleanSupplier busMaster, List<TceTable> windows) {
    this.memory = memory;
    this.busMaster = busMaster;
    this.windows = List.copyOf(windows);
  }

  /** Replaces the windows, when a guest makes or removes one. */
  public void windows(List<TceTable> changed) {
    windows = List.copyOf(changed);
  }

  /** Accesses that did not reach all their bytes. */
  public long faults() {
    return faults.sum();
  }

  /** For people: how many {@link #faults}, and what the first one was. */
  public String faultLine() {
    Fault fault = first;
    return "%d DMA faults, the first a %s of %d bytes at bus address 0x%x: %s"
        .formatted(
            faults(),
            fault.write() ? "write" : "read",
            fault.length(),
            fault.iova(),
            fault.busMaster() ? "not mapped for it" : "not bus master");
  }

  @Override
  public boolean read(long iova, MemorySegment target) {
    return move(iova, target, TceTable.READ);
  }

  @Override
  public boolean write(long iova, MemorySegment source) {
    return move(iova, source, TceTable.WRITE);
  }

  private boolean move(long iova, MemorySegment bytes, long right) {
    boolean all = busMaster.getAsBoolean();
    long done = 0;
    while (all && done < bytes.byteSize()) {
      TceTable window = windowOf(iova + done);
      long gpa = window == null ? TceTable.FAULT : window.translate(iova + done, right);
      all = gpa != TceTable.FAULT;
      if (all) {
        long rest = window.pageSize() - (gpa & (window.pageSize() - 1));
        long length = Math.min(rest, bytes.byteSize() - done);
        MemorySegment piece = bytes.asSlice(done, length);
        BusResult result =
            right == TceTable.READ ? memory.readBytes(gpa, piece) : memory.writeBytes(gpa, piece);
        all = result == BusResult.OK;
        done += length;
      }
    }
    if (!all) {
      if (faults.sum() == 0) {
        first =
            new Fault(iova, bytes.byteSize(), right == TceTable.WRITE, busMaster.getAsBoolean());
      }
      faults.increment();
    }
    return all;
  }

  private TceTable windowOf(long iova) {
    for (TceTable window : windows) {
      if (window.covers(iova)) {
        return window;
      }
    }
    return null;
  }
}
