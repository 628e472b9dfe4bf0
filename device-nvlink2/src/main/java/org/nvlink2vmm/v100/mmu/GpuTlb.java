package org.nvlink2vmm.v100.mmu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.LongAdder;
import org.nvlink2vmm.vmm.ats.InvalidationScope;
import org.nvlink2vmm.vmm.ats.TranslationAgent;
import org.nvlink2vmm.vmm.ats.TranslationCache;

/**
 * A GPU's cache of translations that the NPU answered: set-associative, pages of 4 KiB, 64 KiB, 2
 * MiB and 1 GiB side by side, replaced round robin.
 *
 * <p>Lookups take no lock and allocate nothing: a set is read between two looks at its version. A
 * fill and a shootdown take the one lock. Whoever uses an answer does so between {@link
 * InFlight#enter} and {@link InFlight#leave}; a shootdown with flush waits for those.
 *
 * <p>Why nothing stale is kept: a fill names the generation it saw before it asked the NPU, and is
 * thrown away when a shootdown came since; the access that asked is itself one that the shootdown
 * waits for. A shootdown of a whole process raises the process's epoch, which costs the same
 * whatever the cache holds.
 */
public final class GpuTlb implements TranslationCache {
  /** The answer of {@link #lookup} when the NPU has to be asked. */
  public static final long MISS = Long.MIN_VALUE;

  private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);
  private static final int PID_MASK = 0xfffff;
  private static final int CHUNK_SHIFT = 10;
  private static final long VALID = 1L << 63;
  private static final int SIZE_SHIFT = 60;
  private static final int PID_SHIFT = 40;

  /** log2 of the page sizes, by their code in tags; the usual one first. */
  private static final int[] SHIFTS = {16, 21, 30, 12};

  private final TlbShape shape;
  private final int setMask;
  private final int[] versions;
  private final long[] tags;
  private final long[] pages;
  private final int[] epochs;
  private final byte[] victims;

  /** By process: the epoch in which an entry must have been filled; made when first needed. */
  private final int[][] processEpochs = new int[(PID_MASK + 1) >>> CHUNK_SHIFT][];

  private final int[][] processEntries = new int[(PID_MASK + 1) >>> CHUNK_SHIFT][];
  private final int[] entriesOfSize = new int[SHIFTS.length];
  private final InFlight inFlight = new InFlight();
  private final Object lock = new Object();
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();
  private final LongAdder dropped = new LongAdder();
  private volatile int generation;

  public GpuTlb(TlbShape shape) {
    this.shape = shape;
    setMask = shape.sets() - 1;
    versions = new int[shape.sets()];
    victims = new byte[shape.sets()];
    tags = new long[shape.entries()];
    pages = new long[shape.entries()];
    epochs = new int[shape.entries()];
  }

  /** The accesses that use answers. */
  public InFlight inFlight() {
    return inFlight;
  }

  public TlbShape shape() {
    return shape;
  }

  public long hits() {
    return hits.sum();
  }

  public long misses() {
    return misses.sum();
  }

  /** Entries that shootdowns dropped. */
  public long dropped() {
    return dropped.sum();
  }

  /** To be read before the NPU is asked, and given to {@link #fill}. */
  @Override
  public int generation() {
    return generation;
  }

  /**
   * Looks an address up.
   *
   * @param write whether the answer must allow writing
   * @return an answer as {@link TranslationAgent} gives it, or {@link #MISS}
   */
  public long lookup(int pid, long address, boolean write) {
    for (int code = 0; code < SHIFTS.length; code++) {
      if ((int) INTS.getOpaque(entriesOfSize, code) > 0) {
        long answer = find(tag(code, pid, address), pid);
        if (answer != MISS) {
          if (write && (answer & TranslationAgent.WRITABLE) == 0) {
            break;
          }
          hits.increment();
          return answer;
        }
      }
    }
    misses.increment();
    return MISS;
  }

  private long find(long tag, int pid) {
    int set = set(tag);
    int first = set * shape.ways();
    while (true) {
      int version = (int) INTS.getAcquire(versions, set);
      if ((version & 1) == 0) {
        long answer = MISS;
        for (int i = first; i < first + shape.ways(); i++) {
          if (tags[i] == tag && epochs[i] == epoch(pid)) {
            answer = pages[i];
            break;
          }
        }
        VarHandle.loadLoadFence();
        if ((int) INTS.getOpaque(versions, set) == version) {
          return answer;
        }
      }
      Thread.onSpinWait();
    }
  }

  /**
   * Keeps an answer, unless a shootdown came since {@code seen} was read.
   *
   * @param answer not negative, from the NPU, for {@code address}
   */
  public void fill(int seen, int pid, long address, long answer) {
    int code = code(TranslationAgent.pageShift(answer));
    if (code < 0) {
      return;
    }
    long tag = tag(code, pid, address);
    synchronized (lock) {
      if (generation != seen) {
        return;
      }
      int slot = slotFor(tag);
      int set = slot / shape.ways();
      forget(slot);
      open(set);
      tags[slot] = tag;
      pages[slot] = answer;
      epochs[slot] = chunk(processEpochs, pid)[pid & chunkMask()];
      close(set);
      chunk(processEntries, pid)[pid & chunkMask()]++;
      count(code, 1);
    }
  }

  /** The entry that has the tag, else one that is free, else the next victim. */
  private int slotFor(long tag) {
    int set = set(tag);
    int first = set * shape.ways();
    int free = -1;
    for (int i = first; i < first + shape.ways(); i++) {
      if (tags[i] == tag) {
        return i;
      }
      if (free < 0 && !isLive(i)) {
        free = i;
      }
    }
    if (free >= 0) {
      return free;
    }
    int victim = victims[set];
    victims[set] = (byte) ((victim + 1) & (shape.ways() - 1));
    return first + victim;
  }

  private boolean isLive(int slot) {
    long tag = tags[slot];
    return tag != 0 && epochs[slot] == epoch(pid(tag));
  }

  /** Takes an entry out of the counts. */
  private void forget(int slot) {
    long tag = tags[slot];
    if (tag == 0) {
      return;
    }
    int pid = pid(tag);
    if (epochs[slot] == epoch(pid)) {
      chunk(processEntries, pid)[pid & chunkMask()]--;
    }
    count((int) (tag >>> SIZE_SHIFT) & 3, -1);
  }

  private boolean drop(int slot) {
    boolean live = isLive(slot);
    int set = slot / shape.ways();
    forget(slot);
    open(set);
    tags[slot] = 0;
    close(set);
    return live;
  }

  @Override
  public int invalidate(
      InvalidationScope scope, int pid, long address, int pageShift, boolean flush) {
    int gone;
    synchronized (lock) {
      generation++;
      gone =
          switch (scope) {
            case ADDRESS -> dropBlock(pid & PID_MASK, address, pageShift);
            case PROCESS -> dropProcess(pid & PID_MASK);
            case PARTITION, ALL -> dropAll();
          };
    }
    dropped.add(gone);
    if (flush) {
      flush();
    }
    return gone;
  }

  @Override
  public void flush() {
    VarHandle.fullFence();
    inFlight.await();
  }

  /** Raises the epoch; entries of the old one are dead and are replaced as sets fill. */
  private int dropProcess(int pid) {
    int[] entries = processEntries[pid >>> CHUNK_SHIFT];
    if (entries == null) {
      return 0;
    }
    int gone = entries[pid & chunkMask()];
    entries[pid & chunkMask()] = 0;
    int[] chunk = chunk(processEpochs, pid);
    int next = chunk[pid & chunkMask()] + 1;
    INTS.setVolatile(chunk, pid & chunkMask(), next);
    if (next == 0) {
      sweep(pid, 0, ADDRESS_SPACE_SHIFT);
    }
    return gone;
  }

  private static final int ADDRESS_SPACE_SHIFT = 52;

  private int dropAll() {
    int gone = 0;
    for (int slot = 0; slot < tags.length; slot++) {
      if (tags[slot] != 0 && drop(slot)) {
        gone++;
      }
    }
    return gone;
  }

  /** Probes page by page, or goes through all entries where those are fewer. */
  private int dropBlock(int pid, long address, int pageShift) {
    long start = address & -(1L << pageShift);
    long probes = 0;
    for (int code = 0; code < SHIFTS.length; code++) {
      if (entriesOfSize[code] > 0 && SHIFTS[code] <= pageShift) {
        probes += 1L << (pageShift - SHIFTS[code]);
      }
    }
    if (probes > tags.length / shape.ways()) {
      return sweep(pid, start, pageShift);
    }
    int gone = 0;
    for (int code = 0; code < SHIFTS.length; code++) {
      if (entriesOfSize[code] > 0 && SHIFTS[code] <= pageShift) {
        long step = 1L << SHIFTS[code];
        for (long at = start; at < start + (1L << pageShift); at += step) {
          gone += dropTag(tag(code, pid, at));
        }
      }
    }
    return gone;
  }

  private int dropTag(long tag) {
    int first = set(tag) * shape.ways();
    for (int i = first; i < first + shape.ways(); i++) {
      if (tags[i] == tag) {
        return drop(i) ? 1 : 0;
      }
    }
    return 0;
  }

  private int sweep(int pid, long start, int pageShift) {
    int gone = 0;
    for (int slot = 0; slot < tags.length; slot++) {
      long tag = tags[slot];
      if (tag != 0
          && pid(tag) == pid
          && SHIFTS[(int) (tag >>> SIZE_SHIFT) & 3] <= pageShift
          && (((tag << 12) & 0xf_ffff_ffff_ffffL) & -(1L << pageShift)) == start
          && drop(slot)) {
        gone++;
      }
    }
    return gone;
  }

  private void open(int set) {
    INTS.setOpaque(versions, set, versions[set] + 1);
    VarHandle.storeStoreFence();
  }

  private void close(int set) {
    INTS.setRelease(versions, set, versions[set] + 1);
  }

  private void count(int code, int change) {
    INTS.setVolatile(entriesOfSize, code, entriesOfSize[code] + change);
  }

  private int epoch(int pid) {
    int[] chunk = processEpochs[pid >>> CHUNK_SHIFT];
    return chunk == null ? 0 : (int) INTS.getOpaque(chunk, pid & chunkMask());
  }

  private static int[] chunk(int[][] chunks, int pid) {
    int[] chunk = chunks[pid >>> CHUNK_SHIFT];
    if (chunk == null) {
      chunk = new int[1 << CHUNK_SHIFT];
      chunks[pid >>> CHUNK_SHIFT] = chunk;
    }
    return chunk;
  }

  private static int chunkMask() {
    return (1 << CHUNK_SHIFT) - 1;
  }

  private int set(long tag) {
    long mixed = (tag ^ tag >>> 20) * 0x9e3779b97f4a7c15L;
    return (int) (mixed >>> 40) & setMask;
  }

  private static int pid(long tag) {
    return (int) (tag >>> PID_SHIFT) & PID_MASK;
  }

  /** Valid, size code, PID, and the page's address in units of 4 KiB: 1 + 2 + 20 + 40 bits. */
  private static long tag(int code, int pid, long address) {
    long page = (address & -(1L << SHIFTS[code])) >>> 12;
    return VALID
        | (long) code << SIZE_SHIFT
        | (long) (pid & PID_MASK) << PID_SHIFT
        | (page & 0xff_ffff_ffffL);
  }

  private static int code(int pageShift) {
    for (int code = 0; code < SHIFTS.length; code++) {
      if (SHIFTS[code] == pageShift) {
        return code;
      }
    }
    return -1;
  }
}
