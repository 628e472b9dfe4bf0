package org.nvlink2vmm.vmm.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The last accesses that a guest made to devices, for the report of how it ended. A ring of fixed
 * size: noting allocates nothing and takes no lock; two threads that note at once may mix their
 * entries when one is a whole ring behind. To be listed when the guest has stopped.
 */
public final class RecentAccesses {
  /** How many are kept; a power of two. */
  public static final int KEPT = 16;

  private static final int WRITE = 0x10;
  private static final int CONFIG = 0x20;
  private static final int SIZE = 0xf;

  private final AtomicLong next = new AtomicLong();
  private final long[] addresses = new long[KEPT];
  private final long[] buses = new long[KEPT];
  private final long[] values = new long[KEPT];
  private final long[] times = new long[KEPT];
  private final long[] returns = new long[KEPT];
  private final long[] instructions = new long[KEPT];
  private final int[] kinds = new int[KEPT];
  private final Thread[] threads = new Thread[KEPT];

  /** A thread that stands for a processor, if it wants its place to be noted as well. */
  public interface Processor {
    /** Where the function that makes the access returns to: the link register. */
    long returnAddress();

    /** Instructions completed, perhaps some thousands ago. */
    long instructions();
  }

  /**
   * One access.
   *
   * @param config whether to PCI configuration space, else to memory
   * @param bus the bus unit id of the host bridge for configuration space, else 0
   * @param address guest-physical, or as RTAS has it: bus in bits 23:16, device and function in
   *     15:8, register in 31:28 and 7:0
   * @param size bytes
   * @param value a number in the order in which the access was made
   * @param nanoTime on the clock of {@link System#nanoTime}
   * @param thread name of the thread that made it
   * @param returnAddress 0 when the thread is no processor
   * @param instructions as {@link Processor#instructions}
   */
  public record Access(
      boolean write,
      boolean config,
      long bus,
      long address,
      int size,
      long value,
      long nanoTime,
      String thread,
      long returnAddress,
      long instructions) {}

  /** Notes a load (value as answered) or store at a guest-physical address. */
  public void memory(boolean write, long gpa, int size, long value) {
    note(write ? WRITE | size : size, 0, gpa, value);
  }

  /** Notes an access to PCI configuration space. */
  public void config(boolean write, long bus, int configAddress, int size, long value) {
    note(CONFIG | (write ? WRITE : 0) | (size & SIZE), bus, configAddress & 0xffffffffL, value);
  }

  private void note(int kind, long bus, long address, long value) {
    int slot = (int) next.getAndIncrement() & KEPT - 1;
    kinds[slot] = kind;
    buses[slot] = bus;
    addresses[slot] = address;
    values[slot] = value;
    times[slot] = System.nanoTime();
    Thread thread = Thread.currentThread();
    threads[slot] = thread;
    if (thread instanceof Processor processor) {
      returns[slot] = processor.returnAddress();
      instructions[slot] = processor.instructions();
    } else {
      returns[slot] = 0;
      instructions[slot] = 0;
    }
  }

  /** Those that are kept, the oldest first. */
  public List<Access> list() {
    List<Access> list = new ArrayList<>();
    long end = next.get();
    for (long i = Math.max(0, end - KEPT); i < end; i++) {
      int slot = (int) i & KEPT - 1;
      int kind = kinds[slot];
      list.add(
          new Access(
              (kind & WRITE) != 0,
              (kind & CONFIG) != 0,
              buses[slot],
              addresses[slot],
              kind & SIZE,
              values[slot],
              times[slot],
              threads[slot].getName(),
              returns[slot],
              instructions[slot]));
    }
    return list;
  }

  /** Accesses noted so far, with those that are no longer kept. */
  public long count() {
    return next.get();
  }
}
