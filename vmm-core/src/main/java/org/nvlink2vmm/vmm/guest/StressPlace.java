package org.nvlink2vmm.vmm.guest;

import java.util.ArrayList;
import java.util.List;

/**
 * An address of a {@link StressThread}, of one page size for good, and the pages it may lead to. It
 * leads to one of them or to none.
 */
final class StressPlace {
  /** Bytes of a page that are used. */
  static final int LENGTH = 0x1000;

  private static final long PAGE_4K = 1L << RadixTree.SHIFT_4K;
  private static final long PAGE_64K = 1L << RadixTree.SHIFT_64K;
  private static final long PAGE_2M = 1L << RadixTree.SHIFT_2M;
  private static final long PAGE_1G = 1L << RadixTree.SHIFT_1G;

  /** Start of a block of 1 GiB that holds all places but the page of that size. */
  private static final long VA = 0x1234_4000_0000L;

  /** Where in a GPU's memory the threads' small pages start, and what a thread has of it. */
  private static final long SMALL = 64 << 20;

  private static final long SMALL_SHARE = 1 << 20;

  /** Likewise for pages of 2 MiB. */
  private static final long LARGE = 256 << 20;

  /** Threads that have pages of 1 GiB, two each from 1 GiB on: a V100 has at least 16 GiB. */
  private static final int HUGE_OWNERS = 6;

  private final long start;
  private final int shift;
  private final List<StressPage> pages;
  private StressPage page = StressPage.NONE;
  private boolean writable;

  private StressPlace(long start, int shift, List<StressPage> pages) {
    this.start = start;
    this.shift = shift;
    this.pages = pages;
  }

  /**
   * The places of a thread, by rising address: four of 64 KiB in one block of 2 MiB, two of 4 KiB
   * in one of 64 KiB, two of 2 MiB, one of 1 GiB.
   *
   * @param index of the thread
   * @param near guest-physical address of the memory of one GPU
   * @param far likewise, of another if there is one
   */
  static List<StressPlace> of(int index, long near, long far) {
    List<StressPage> small = new ArrayList<>();
    List<StressPage> usual = new ArrayList<>();
    long share = SMALL + index * SMALL_SHARE;
    for (int i = 0; i < 4; i++) {
      usual.add(page(GuestRam.data(index) + i * PAGE_64K, RadixTree.SHIFT_64K));
      usual.add(page(near + share + i * PAGE_64K, RadixTree.SHIFT_64K));
      usual.add(page(far + share + (4 + i) * PAGE_64K, RadixTree.SHIFT_64K));
    }
    for (int i = 0; i < 2; i++) {
      small.add(page(GuestRam.data(index) + 4 * PAGE_64K + i * PAGE_4K, RadixTree.SHIFT_4K));
      small.add(page(near + share + 8 * PAGE_64K + i * PAGE_4K, RadixTree.SHIFT_4K));
      small.add(page(far + share + 9 * PAGE_64K + i * PAGE_4K, RadixTree.SHIFT_4K));
    }
    long large = LARGE + 2L * index * PAGE_2M;
    List<StressPage> big =
        List.of(
            page(GuestRam.data(index) + PAGE_2M, RadixTree.SHIFT_2M),
            page(near + large, RadixTree.SHIFT_2M),
            page(far + large + PAGE_2M, RadixTree.SHIFT_2M));
    List<StressPlace> places = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      places.add(new StressPlace(VA + i * PAGE_64K, RadixTree.SHIFT_64K, usual));
    }
    for (int i = 0; i < 2; i++) {
      places.add(new StressPlace(VA + PAGE_2M + i * PAGE_4K, RadixTree.SHIFT_4K, small));
    }
    for (int i = 0; i < 2; i++) {
      places.add(new StressPlace(VA + (2 + i) * PAGE_2M, RadixTree.SHIFT_2M, big));
    }
    if (index < HUGE_OWNERS) {
      List<StressPage> huge =
          List.of(
              page(near + (1 + 2L * index) * PAGE_1G, RadixTree.SHIFT_1G),
              page(far + (2 + 2L * index) * PAGE_1G, RadixTree.SHIFT_1G));
      places.add(new StressPlace(VA + PAGE_1G, RadixTree.SHIFT_1G, huge));
    }
    return places;
  }

  private static StressPage page(long gpa, int shift) {
    return new StressPage(gpa, gpa + offset(shift));
  }

  /** Where in a page of a size the used bytes lie. */
  private static long offset(int shift) {
    return switch (shift) {
      case RadixTree.SHIFT_64K -> 0x8000;
      case RadixTree.SHIFT_2M -> 0x12_3000;
      case RadixTree.SHIFT_1G -> 0x2345_6000;
      default -> 0;
    };
  }

  /** First byte of the page. */
  long start() {
    return start;
  }

  /** First byte after the page. */
  long end() {
    return start + (1L << shift);
  }

  /** The first of the bytes that are used. */
  long address() {
    return start + offset(shift);
  }

  /** The pages it may lead to. */
  List<StressPage> pages() {
    return pages;
  }

  /** The page it leads to; {@link StressPage#NONE} for none. */
  StressPage page() {
    return page;
  }

  boolean isMapped() {
    return page != StressPage.NONE;
  }

  boolean isWritable() {
    return isMapped() && writable;
  }

  /** Lets it lead to a page; translations that are cached stay as they are. */
  void map(RadixTree tree, StressPage to, boolean write) {
    page = to;
    writable = write;
    tree.map(start, shift, to.gpa(), write ? RadixTree.READ_WRITE : RadixTree.READ);
  }

  void unmap(RadixTree tree) {
    page = StressPage.NONE;
    tree.unmap(start, shift);
  }

  /** The smallest block that a shootdown of it can name: 64 KiB for a page of 4 KiB. */
  Atsd.PageSize block() {
    return Atsd.PageSize.covering(start, end()).orElseThrow();
  }
}
