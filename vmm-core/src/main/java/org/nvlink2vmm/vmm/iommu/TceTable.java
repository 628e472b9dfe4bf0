package org.nvlink2vmm.vmm.iommu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * One DMA window of a pseries host bridge: for each page of I/O virtual addresses a translation
 * control entry, which names a guest-physical page and what a device may do to it (LoPAR, "TCE";
 * Linux arch/powerpc/include/asm/tce.h). A LIOBN names a window.
 *
 * <p>The guest writes entries by hypercalls; the methods here check what the guest gave and answer
 * with a hypercall's codes. Entries take memory in pieces as they are first written.
 *
 * <p>Threads: any; an entry is one word.
 */
public final class TceTable {
  /** H_SUCCESS. */
  public static final int H_SUCCESS = 0;

  /** H_PARAMETER. */
  public static final int H_PARAMETER = -4;

  /** TCE_PCI_READ: a device may read the page. */
  public static final long READ = 1;

  /** TCE_PCI_WRITE: a device may write the page. */
  public static final long WRITE = 2;

  /** Answer of {@link #translate} when the page may not be reached that way. */
  public static final long FAULT = -1;

  private static final int PIECE_SHIFT = 12;
  private static final int PIECE_ENTRIES = 1 << PIECE_SHIFT;
  private static final VarHandle ENTRY = MethodHandles.arrayElementVarHandle(long[].class);

  private final int liobn;
  private final long base;
  private final long size;
  private final int pageShift;
  private final AtomicReferenceArray<long[]> pieces;

  /**
   * A window without entries.
   *
   * @param liobn logical I/O bus number
   * @param base first I/O virtual address
   * @param size bytes, a multiple of the page size
   * @param pageShift 12 for pages of 4 KiB, 16 for 64 KiB, 24 for 16 MiB
   * @throws IllegalArgumentException when the numbers do not fit each other, or for more than 2^26
   *     entries, which would let a guest take 512 MiB of this process
   */
  public TceTable(int liobn, long base, long size, int pageShift) {
    boolean aligned = ((base | size) & ((1L << pageShift) - 1)) == 0;
    long count = (((size - 1) >>> pageShift) >>> PIECE_SHIFT) + 1;
    if (pageShift < 12
        || pageShift > 34
        || !aligned
        || base < 0
        || size <= 0
        || base + size < 0
        || count > 1 << 14) {
      throw new IllegalArgumentException(
          "DMA window of 0x%x bytes at 0x%x with pages of 2^%d".formatted(size, base, pageShift));
    }
    this.liobn = liobn;
    this.base = base;
    this.size = size;
    this.pageShift = pageShift;
    this.pieces = new AtomicReferenceArray<>((int) count);
  }

  public int liobn() {
    return liobn;
  }

  /** First I/O virtual address. */
  public long base() {
    return base;
  }

  /** Bytes. */
  public long size() {
    return size;
  }

  public int pageShift() {
    return pageShift;
  }

  /** Whether an I/O virtual address belongs to the window. */
  public boolean covers(long iova) {
    return iova - base >= 0 && iova - base < size;
  }

  /**
   * H_PUT_TCE: sets one entry.
   *
   * @param iova any address of the page
   * @param tce guest-physical page and {@link #READ}, {@link #WRITE}; other low bits do not count
   */
  public int put(long iova, long tce) {
    return stuff(iova, tce, 1);
  }

  /** H_STUFF_TCE: sets {@code count} entries alike; none when the last does not exist. */
  public int stuff(long iova, long tce, long count) {
    if (!covers(iova)) {
      return H_PARAMETER;
    }
    long first = (iova - base) >>> pageShift;
    if (count < 0 || count > (size >>> pageShift) - first) {
      return H_PARAMETER;
    }
    for (long page = first; page < first + count; page++) {
      set(page, tce);
    }
    return H_SUCCESS;
  }

  /** H_GET_TCE: the entry as it was put; 0 for one that never was, or outside of the window. */
  public long get(long iova) {
    return covers(iova) ? entry((iova - base) >>> pageShift) : 0;
  }

  /**
   * Where a device's access goes.
   *
   * @param right {@link #READ} or {@link #WRITE}
   * @return guest-physical address, or {@link #FAULT}
   */
  public long translate(long iova, long right) {
    long tce = get(iova);
    return (tce & right) == 0 ? FAULT : (tce & -pageSize()) | (iova & (pageSize() - 1));
  }

  /** Takes all entries away, as a reset does. */
  public void clear() {
    for (int i = 0; i < pieces.length(); i++) {
      pieces.set(i, null);
    }
  }

  /** Bytes of a page. */
  public long pageSize() {
    return 1L << pageShift;
  }

  private long entry(long page) {
    long[] piece = pieces.getAcquire((int) (page >>> PIECE_SHIFT));
    return piece == null ? 0 : (long) ENTRY.getAcquire(piece, (int) page & (PIECE_ENTRIES - 1));
  }

  private void set(long page, long tce) {
    int index = (int) (page >>> PIECE_SHIFT);
    long[] piece = pieces.getAcquire(index);
    if (piece == null) {
      if (tce == 0) {
        return;
      }
      long[] fresh = new long[PIECE_ENTRIES];
      long[] other = pieces.compareAndExchange(index, null, fresh);
      piece = other == null ? fresh : other;
    }
    ENTRY.setRelease(piece, (int) page & (PIECE_ENTRIES - 1), tce);
  }
}
