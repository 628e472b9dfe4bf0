package org.nvlink2vmm.vmm.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes ignorance visible: which registers software touched that nothing models, which accesses
 * were refused, and which register it polls in vain. One object serves a machine; regions are
 * registered once, then counting takes no lock and allocates nothing.
 *
 * <p>Guests choose offsets: tables have a fixed number of entries and count what did not fit.
 */
public final class AccessCounts {
  /** Reads of one register in a row, without a write, that make a spin. */
  public static final int SPIN_READS = 4096;

  /** Most regions; and most spins that are kept. */
  public static final int MAX_REGIONS = (1 << 12) - 1;

  private static final int MAX_SPINS = 256;

  /* A key: region + 1 in bits 63 to 50, log2 of the width in 49 and 48, offset below. */
  private static final int REGION_SHIFT = 50;
  private static final int WIDTH_SHIFT = 48;
  private static final long OFFSET_MASK = (1L << WIDTH_SHIFT) - 1;

  private final List<String> regions = new CopyOnWriteArrayList<>();
  private final AccessTable unmodelled;
  private final AccessTable refused;
  private final List<Spin> spins = new ArrayList<>();
  private final AtomicLong spinCount = new AtomicLong();

  /* The register last read and how often in a row. Races between threads only delay a report. */
  private long spinKey;
  private int spinReads;

  /**
   * Empty tables.
   *
   * @param capacity registers that are told apart, of each kind
   */
  public AccessCounts(int capacity) {
    unmodelled = new AccessTable(capacity);
    refused = new AccessTable(capacity);
  }

  /**
   * Makes a region known by name.
   *
   * @return its number for the counting methods
   * @throws IllegalStateException when there are {@link #MAX_REGIONS}
   */
  public synchronized int region(String name) {
    if (regions.size() == MAX_REGIONS) {
      throw new IllegalStateException("More than " + MAX_REGIONS + " regions are counted");
    }
    regions.add(name);
    return regions.size() - 1;
  }

  /** A register that nothing models was read and gave {@code value}. */
  public void unmodelledRead(int region, long offset, int width, long value) {
    unmodelled.read(key(region, offset, width), value);
  }

  /** A register that nothing models was written. */
  public void unmodelledWrite(int region, long offset, int width, long value) {
    unmodelled.write(key(region, offset, width), value);
  }

  /** A read that the device or the bus does not allow. */
  public void refusedRead(int region, long offset, int width) {
    refused.read(key(region, offset, width), 0);
  }

  /** A write that the device or the bus does not allow. */
  public void refusedWrite(int region, long offset, int width) {
    refused.write(key(region, offset, width), 0);
  }

  /** Any register was read; devices call it for the registers that software polls. */
  public void polled(int region, long offset, int width, long value) {
    long key = key(region, offset, width);
    if (spinKey != key) {
      spinKey = key;
      spinReads = 1;
    } else if (spinReads < SPIN_READS && ++spinReads == SPIN_READS) {
      report(key, value);
    }
  }

  /** Something was written, so software that reads the same register again does not spin. */
  public void written() {
    spinKey = 0;
  }

  /** Registers that nothing models, most accesses first. */
  public List<AccessCount> unmodelled() {
    return named(unmodelled);
  }

  /** Refused accesses, most first. */
  public List<AccessCount> refused() {
    return named(refused);
  }

  /** Spins in the order in which they were noticed; the first 256. */
  public synchronized List<Spin> spins() {
    return List.copyOf(spins);
  }

  /** Spins in all, with those that are not kept. */
  public long spinCount() {
    return spinCount.get();
  }

  /** Accesses that found no place in a table. */
  public long lost() {
    return unmodelled.lost() + refused.lost();
  }

  private synchronized void report(long key, long value) {
    spinCount.incrementAndGet();
    if (spins.size() < MAX_SPINS) {
      spins.add(new Spin(name(key), key & OFFSET_MASK, width(key), value));
    }
  }

  private List<AccessCount> named(AccessTable table) {
    return table.ranked().stream()
        .map(
            entry ->
                new AccessCount(
                    name(entry.key()),
                    entry.key() & OFFSET_MASK,
                    width(entry.key()),
                    entry.reads(),
                    entry.writes(),
                    entry.value()))
        .toList();
  }

  private String name(long key) {
    return regions.get((int) (key >>> REGION_SHIFT) - 1);
  }

  private static int width(long key) {
    return 1 << (key >>> WIDTH_SHIFT & 3);
  }

  private static long key(int region, long offset, int width) {
    return (region + 1L) << REGION_SHIFT
        | (long) Integer.numberOfTrailingZeros(width) << WIDTH_SHIFT
        | (offset & OFFSET_MASK);
  }
}
