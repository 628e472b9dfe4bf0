package org.nvlink2vmm.vmm.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.nvlink2vmm.vmm.trace.RecentAccesses;

/**
 * A bus: loads and stores at guest-physical addresses. The one path of every access, whoever issues
 * it. Reads and writes take no lock, allocate nothing and never throw; see the package for the
 * rules.
 */
public final class AddressSpace {
  private static final VarHandle VIEW;
  private static final ValueLayout.OfShort SHORT_LE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle ATOMIC_INT_LE =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
  private static final VarHandle ATOMIC_LONG_LE =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

  static {
    try {
      VIEW = MethodHandles.lookup().findVarHandle(AddressSpace.class, "view", FlatView.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final String name;
  private final MemoryRegion.Container root;
  private final BusCounts counts = new BusCounts();
  private final ReentrantLock lock = new ReentrantLock();

  /** Whether the tree differs from the view. Guarded by the lock. */
  private boolean stale;

  @SuppressWarnings("unused") // Only through VIEW: released by commit, acquired by accesses.
  private FlatView view = FlatView.EMPTY;

  /** Null until asked for: who does not want it pays one test an access to a device. */
  private RecentAccesses recent;

  public AddressSpace(String name, long size) {
    this.name = name;
    this.root = new MemoryRegion.Container(name, size);
  }

  public String name() {
    return name;
  }

  /** The outermost container: regions are placed into it by a transaction. */
  public MemoryRegion.Container root() {
    return root;
  }

  /** Accesses that nothing claimed or that were refused. */
  public BusCounts counts() {
    return counts;
  }

  /** Notes accesses to devices, not those to RAM, from now on. To be called before they begin. */
  public void noteIn(RecentAccesses ring) {
    recent = ring;
  }

  /** Begins a change; the view swaps when it is closed. Blocks while another change is open. */
  public MemoryTransaction change() {
    lock.lock();
    return new MemoryTransaction(this);
  }

  void commit(boolean changed) {
    try {
      stale |= changed;
      if (stale && lock.getHoldCount() == 1) {
        stale = false;
        VIEW.setRelease(this, Flattening.of(root));
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Loads {@code size} (1, 2, 4 or 8) bytes.
   *
   * @param order the order in which the bytes at rising addresses make up the number
   * @return the number, zero-extended; all ones ({@code size} bytes of them) when refused
   */
  public long read(long gpa, int size, ByteOrder order) {
    FlatView.Range range = view().find(gpa, size);
    if (range == null) {
      counts.unclaimedRead(gpa);
      return noted(gpa, size, ones(size));
    }
    if (range.segment != null) {
      return swapFor(order, size, loadLe(range.segment, gpa - range.start, size));
    }
    long offset = range.offset + gpa - range.start;
    if (range.takesWhole(offset, size)) {
      long value = range.handler.read(offset, size) & ones(size);
      return noted(gpa, size, range.order == order ? value : swap(size, value));
    }
    AccessRules rules = range.rules;
    if (!rules.allow(offset, size)) {
      counts.refusedRead(gpa);
      return noted(gpa, size, ones(size));
    }
    return noted(gpa, size, swapFor(order, size, readSplit(range, rules, offset, size)));
  }

  /** Stores the low {@code size} bytes of {@code value}; lost when refused, as on a bus. */
  public BusResult write(long gpa, int size, long value, ByteOrder order) {
    FlatView.Range range = view().find(gpa, size);
    if (range != null && range.segment != null) {
      storeLe(range.segment, gpa - range.start, size, swapFor(order, size, value));
      return BusResult.OK;
    }
    if (recent != null) {
      recent.memory(true, gpa, size, value & ones(size));
    }
    if (range == null) {
      counts.unclaimedWrite(gpa);
      return BusResult.UNCLAIMED;
    }
    long offset = range.offset + gpa - range.start;
    if (range.takesWhole(offset, size)) {
      long number = value & ones(size);
      range.handler.write(offset, size, range.order == order ? number : swap(size, number));
      return BusResult.OK;
    }
    AccessRules rules = range.rules;
    if (!rules.allow(offset, size)) {
      counts.refusedWrite(gpa);
      return BusResult.REFUSED;
    }
    writeSplit(range, rules, offset, size, swapFor(order, size, value));
    return BusResult.OK;
  }

  /** How an access would be answered, without carrying it out and without counting it. */
  public BusResult probe(long gpa, int size) {
    FlatView.Range range = view().find(gpa, size);
    if (range == null) {
      return BusResult.UNCLAIMED;
    }
    boolean allowed =
        range.rules == null || range.rules.allow(range.offset + gpa - range.start, size);
    return allowed ? BusResult.OK : BusResult.REFUSED;
  }

  /**
   * Replaces an aligned word of RAM if it holds {@code expected}; with the semantics of a volatile
   * access. False, and nothing stored, for a word that differs, is not aligned, or is not RAM.
   *
   * @param size 4 or 8
   */
  public boolean compareAndSet(long gpa, int size, long expected, long value, ByteOrder order) {
    FlatView.Range range = view().find(gpa, size);
    if (range == null || range.segment == null || (gpa & (size - 1)) != 0) {
      return false;
    }
    long offset = gpa - range.start;
    long from = swapFor(order, size, expected);
    long to = swapFor(order, size, value);
    return switch (size) {
      case 4 -> ATOMIC_INT_LE.compareAndSet(range.segment, offset, (int) from, (int) to);
      case 8 -> ATOMIC_LONG_LE.compareAndSet(range.segment, offset, from, to);
      default -> false;
    };
  }

  /**
   * Copies bytes out of memory, across regions; MMIO is read byte by byte where its rules allow it.
   *
   * @return {@link BusResult#OK}, or the first failure; the bytes from there on read all ones
   */
  public BusResult readBytes(long gpa, MemorySegment target) {
    BusResult result = BusResult.OK;
    long done = 0;
    while (done < target.byteSize()) {
      FlatView.Range range = view().find(gpa + done, 1);
      if (range != null && range.segment != null) {
        long offset = gpa + done - range.start;
        long length = Math.min(range.size - offset, target.byteSize() - done);
        MemorySegment.copy(range.segment, offset, target, done, length);
        done += length;
      } else {
        result = result == BusResult.OK ? probe(gpa + done, 1) : result;
        long value = read(gpa + done, 1, ByteOrder.LITTLE_ENDIAN);
        target.set(ValueLayout.JAVA_BYTE, done++, (byte) value);
      }
    }
    return result;
  }

  /** Copies bytes into memory, across regions; otherwise as {@link #readBytes}. */
  public BusResult writeBytes(long gpa, MemorySegment source) {
    BusResult result = BusResult.OK;
    long done = 0;
    while (done < source.byteSize()) {
      FlatView.Range range = view().find(gpa + done, 1);
      if (range != null && range.segment != null) {
        long offset = gpa + done - range.start;
        long length = Math.min(range.size - offset, source.byteSize() - done);
        MemorySegment.copy(source, done, range.segment, offset, length);
        done += length;
      } else {
        byte value = source.get(ValueLayout.JAVA_BYTE, done);
        BusResult one = write(gpa + done, 1, value, ByteOrder.LITTLE_ENDIAN);
        result = result == BusResult.OK ? one : result;
        done++;
      }
    }
    return result;
  }

  /** The bytes behind a range that lies in one RAM or RAM device region; empty otherwise. */
  public Optional<MemorySegment> segment(long gpa, long size) {
    FlatView.Range range = size <= 0 ? null : view().find(gpa, size);
    return range == null || range.segment == null
        ? Optional.empty()
        : Optional.of(range.segment.asSlice(gpa - range.start, size));
  }

  /** The region that claims the byte at {@code gpa}, and where in it that is. For reports. */
  public Optional<Claim> claim(long gpa) {
    FlatView.Range range = view().find(gpa, 1);
    return range == null
        ? Optional.empty()
        : Optional.of(new Claim(range.region, range.offset + gpa - range.start));
  }

  /** A region and an offset in it, bytes. */
  public record Claim(MemoryRegion region, long offset) {}

  private long noted(long gpa, int size, long value) {
    if (recent != null) {
      recent.memory(false, gpa, size, value);
    }
    return value;
  }

  private FlatView view() {
    return (FlatView) VIEW.getAcquire(this);
  }

  private static long readSplit(FlatView.Range range, AccessRules rules, long offset, int size) {
    int step = rules.maxHandled();
    long value = 0;
    for (int at = 0; at < size; at += step) {
      long piece = range.handler.read(offset + at, step) & ones(step);
      value |= swapFor(rules.order(), step, piece) << (8 * at);
    }
    return value;
  }

  private static void writeSplit(
      FlatView.Range range, AccessRules rules, long offset, int size, long littleEndian) {
    int step = rules.maxHandled();
    for (int at = 0; at < size; at += step) {
      long piece = (littleEndian >>> (8 * at)) & ones(step);
      range.handler.write(offset + at, step, swapFor(rules.order(), step, piece));
    }
  }

  private static long loadLe(MemorySegment segment, long offset, int size) {
    return switch (size) {
      case 1 -> Byte.toUnsignedLong(segment.get(ValueLayout.JAVA_BYTE, offset));
      case 2 -> Short.toUnsignedLong(segment.get(SHORT_LE, offset));
      case 4 -> Integer.toUnsignedLong(segment.get(INT_LE, offset));
      default -> segment.get(LONG_LE, offset);
    };
  }

  private static void storeLe(MemorySegment segment, long offset, int size, long value) {
    switch (size) {
      case 1 -> segment.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
      case 2 -> segment.set(SHORT_LE, offset, (short) value);
      case 4 -> segment.set(INT_LE, offset, (int) value);
      default -> segment.set(LONG_LE, offset, value);
    }
  }

  private static long swapFor(ByteOrder order, int size, long value) {
    return order == ByteOrder.LITTLE_ENDIAN ? value : swap(size, value);
  }

  private static long swap(int size, long value) {
    return Long.reverseBytes(value) >>> (64 - 8 * size);
  }

  /** All ones in the low {@code size} bytes. */
  static long ones(int size) {
    return -1L >>> (64 - 8 * size);
  }

  @Override
  public String toString() {
    return "AddressSpace[" + name + "]";
  }
}
