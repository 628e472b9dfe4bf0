package org.nvlink2vmm.vmm.guest;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Tries a coherent window: the first page, the last, some at random; and whether windows alias. */
final class CoherentMemory {
  private static final long PAGE = 0x1_0000;
  private static final int RANDOM_PAGES = 6;

  private final GuestMachine machine;
  private final List<Window> windows = new ArrayList<>();

  CoherentMemory(GuestMachine machine) {
    this.machine = machine;
  }

  private record Window(String gpu, long base, List<Long> pages) {}

  /** Writes marks that tell window and page apart. */
  void mark(String gpu, long base, long usable, long seed) {
    List<Long> pages = new ArrayList<>(List.of(0L, usable - PAGE));
    new Random(seed).longs(RANDOM_PAGES, 0, usable / PAGE).forEach(page -> pages.add(page * PAGE));
    Window window = new Window(gpu, base, List.copyOf(pages));
    windows.add(window);
    for (long page : window.pages()) {
      for (int at = 0; at < 4; at++) {
        machine.store(base + page + 8L * at, 8, mark(window, page, at), LITTLE_ENDIAN);
      }
      // The last word of the page in pieces: widths and both ends are tried.
      machine.store(base + page + PAGE - 8, 4, mark(window, page, 5), LITTLE_ENDIAN);
      machine.store(base + page + PAGE - 4, 2, mark(window, page, 6), LITTLE_ENDIAN);
      machine.store(base + page + PAGE - 1, 1, mark(window, page, 7), LITTLE_ENDIAN);
    }
  }

  /** Reads all marks of all windows back; only now, so that an alias would have spoilt one. */
  List<String> faults() {
    List<String> faults = new ArrayList<>();
    for (Window window : windows) {
      for (long page : window.pages()) {
        check(window, page, faults);
      }
    }
    return faults;
  }

  /** The pages that were tried. */
  int pages() {
    return windows.stream().mapToInt(window -> window.pages().size()).sum();
  }

  private void check(Window window, long page, List<String> faults) {
    long gpa = window.base() + page;
    for (int at = 0; at < 4; at++) {
      expect(window, gpa + 8L * at, 8, mark(window, page, at), faults);
    }
    expect(window, gpa + PAGE - 8, 4, mark(window, page, 5) & 0xffff_ffffL, faults);
    expect(window, gpa + PAGE - 4, 2, mark(window, page, 6) & 0xffff, faults);
    expect(window, gpa + PAGE - 1, 1, mark(window, page, 7) & 0xff, faults);
  }

  private void expect(Window window, long gpa, int size, long expected, List<String> faults) {
    long found = machine.load(gpa, size, LITTLE_ENDIAN);
    if (found != expected) {
      faults.add("%s: at 0x%x wrote 0x%x, read 0x%x".formatted(window.gpu(), gpa, expected, found));
    }
  }

  private static long mark(Window window, long page, int at) {
    long seed = window.base() * 0x9e37_79b9_7f4a_7c15L + page * 31 + at;
    return (seed ^ seed >>> 29) * 0xbf58_476d_1ce4_e5b9L;
  }
}
