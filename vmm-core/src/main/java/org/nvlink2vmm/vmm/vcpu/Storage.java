package org.nvlink2vmm.vmm.vcpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.memory.AddressSpace;
import org.nvlink2vmm.vmm.vcpu.isa.Decoder;

/**
 * Loads, stores and fetches of one thread at effective addresses. Main memory, the RAM region at
 * guest-physical 0, is reached directly through a small look-aside buffer; everything else goes
 * through the {@link AddressSpace}. An access that faults sets {@link CpuState#event} and leaves
 * vector and reason in {@link #faultVector} and {@link #faultReason}; its value is meaningless.
 *
 * <p>Values are numbers in the thread's byte order (MSR[LE]).
 */
final class Storage {
  private static final ValueLayout.OfShort SHORT_LE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Guest real mode ignores the top four bits of an address. */
  private static final long REAL_MODE = 0x0fffffffffffffffL;

  private static final long LOW = 0xfff;

  private final CpuState s;
  final AddressSpace space;
  final MemorySegment ram;
  private final long ramSize;
  private final CodeCache codeCache;
  private final byte[] marks;
  private final RadixWalk walk;
  private final RadixWalk observer;

  private final Tlb[] modes = new Tlb[8];
  private final FetchTlb[] fetchModes = new FetchTlb[16];

  private Tlb tlb;
  private FetchTlb fetchTlb;
  private long[] loads;
  private long[] stores;
  private boolean bigEndian;

  int faultVector;
  long faultReason;

  private long processTable;
  private int processTableSize = -1;

  Storage(CpuState state, AddressSpace space, MemorySegment ram, CodeCache codeCache) {
    this.s = state;
    this.space = space;
    this.ram = ram;
    this.ramSize = ram.byteSize();
    this.codeCache = codeCache;
    this.marks = codeCache.marks();
    this.walk = new RadixWalk(space);
    this.observer = RadixWalk.ofObserver(space);
    modeChanged();
  }

  /** Where translation starts; a negative size exponent means that there is no table. */
  void processTable(long gpa, int sizeExponent) {
    processTable = gpa;
    processTableSize = sizeExponent;
    clearTranslations();
  }

  /** To be called after every change of MSR. */
  void modeChanged() {
    int problem = s.has(Msr.PR) ? 2 : 0;
    int data = (s.has(Msr.DR) ? 1 : 0) | problem | (s.wide ? 0 : 4);
    if (modes[data] == null) {
      modes[data] = new Tlb();
    }
    tlb = modes[data];
    loads = tlb.loads;
    stores = tlb.stores;
    bigEndian = !s.has(Msr.LE);
    int fetch = (s.has(Msr.IR) ? 1 : 0) | problem | (bigEndian ? 0 : 4) | (s.wide ? 0 : 8);
    if (fetchModes[fetch] == null) {
      fetchModes[fetch] = new FetchTlb();
    }
    fetchTlb = fetchModes[fetch];
  }

  void clearTranslations() {
    for (Tlb mode : modes) {
      if (mode != null) {
        mode.clear();
      }
    }
    for (FetchTlb mode : fetchModes) {
      if (mode != null) {
        mode.clear();
      }
    }
  }

  /** Forgets the translations of {@code size} bytes from an effective address. */
  void forget(long ea, long size) {
    for (long page = ea & Tlb.PAGE; page - ea < size; page += 4096) {
      for (Tlb mode : modes) {
        if (mode != null) {
          mode.forget(page);
        }
      }
      for (FetchTlb mode : fetchModes) {
        if (mode != null) {
          mode.forget(page);
        }
      }
    }
  }

  boolean bigEndian() {
    return bigEndian;
  }

  ByteOrder order() {
    return bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
  }

  // Fetch.

  /** The decoded page that holds an effective address; null with a fault recorded. */
  CodePage page(long ea) {
    int slot = FetchTlb.slot(ea);
    return fetchTlb.tags[slot] == (ea & Tlb.PAGE) ? fetchTlb.pages[slot] : pageSlow(ea);
  }

  /** As {@link #page} if it was fetched from lately; else null, and nothing is recorded. */
  CodePage knownPage(long ea) {
    int slot = FetchTlb.slot(ea);
    return fetchTlb.tags[slot] == (ea & Tlb.PAGE) ? fetchTlb.pages[slot] : null;
  }

  /** The instruction of a page, whether or not a compiled block begins there. */
  long instruction(CodePage page, int index) {
    return codeCache.instruction(page, index);
  }

  private CodePage pageSlow(long ea) {
    long gpa = translateFetch(ea);
    if (gpa < 0) {
      return null;
    }
    if (gpa < ramSize) {
      CodePage page = codeCache.page(gpa, !bigEndian, s.wide);
      int slot = FetchTlb.slot(ea);
      fetchTlb.tags[slot] = ea & Tlb.PAGE;
      fetchTlb.pages[slot] = page;
      return page;
    }
    // Not main memory: a page of its own that is never kept, since nobody marks its stores.
    CodePage page = CodePage.unkept(gpa & Tlb.PAGE, !bigEndian, s.wide);
    for (int i = 0; i < CodeCache.WORDS; i++) {
      int word = (int) space.read(page.gpa + 4L * i, 4, order());
      page.code[i] = Decoder.decode(word);
    }
    return page;
  }

  long decode(CodePage page, int index) {
    return codeCache.decode(page, index);
  }

  private long translateFetch(long ea) {
    if (!s.has(Msr.IR)) {
      return ea & REAL_MODE;
    }
    long gpa = translate(ea, RadixWalk.FETCH);
    if (gpa < 0) {
      s.event = Event.FAULT;
      faultVector = walk.failure == 0 ? Vector.INSTRUCTION_SEGMENT : Vector.INSTRUCTION_STORAGE;
      faultReason = walk.failure;
    }
    return gpa;
  }

  private long translate(long ea, int access) {
    if (processTableSize < 0) {
      walk.failure = Vector.NO_TRANSLATION;
      return -1;
    }
    return walk.translate(
        ea, access, s.has(Msr.PR), processTable, processTableSize, s.spr[Spr.PID]);
  }

  // Loads.

  long load1(long ea) {
    int slot = Tlb.slot(ea);
    if (loads[slot] == (ea & Tlb.PAGE)) {
      return ram.get(ValueLayout.JAVA_BYTE, ea + loads[slot + 1]) & 0xff;
    }
    return loadSlow(ea, 1);
  }

  long load2(long ea) {
    int slot = Tlb.slot(ea);
    if (loads[slot] == (ea + 1 & Tlb.PAGE)) {
      short value = ram.get(SHORT_LE, ea + loads[slot + 1]);
      return (bigEndian ? Short.reverseBytes(value) : value) & 0xffff;
    }
    return loadSlow(ea, 2);
  }

  long load4(long ea) {
    int slot = Tlb.slot(ea);
    if (loads[slot] == (ea + 3 & Tlb.PAGE)) {
      int value = ram.get(INT_LE, ea + loads[slot + 1]);
      return (bigEndian ? Integer.reverseBytes(value) : value) & 0xffffffffL;
    }
    return loadSlow(ea, 4);
  }

  long load8(long ea) {
    int slot = Tlb.slot(ea);
    if (loads[slot] == (ea + 7 & Tlb.PAGE)) {
      long value = ram.get(LONG_LE, ea + loads[slot + 1]);
      return bigEndian ? Long.reverseBytes(value) : value;
    }
    return loadSlow(ea, 8);
  }

  private long loadSlow(long address, int size) {
    long ea = s.wide ? address : address & 0xffffffffL;
    if ((ea & LOW) + size > 4096) {
      return loadAcross(ea, size);
    }
    long gpa = dataAddress(ea, RadixWalk.LOAD, tlb.loads, tlb.farLoads);
    return gpa < 0 ? 0 : space.read(gpa, size, order());
  }

  private long loadAcross(long ea, int size) {
    long value = 0;
    for (int i = 0; i < size && s.event == 0; i++) {
      int shift = bigEndian ? 8 * (size - 1 - i) : 8 * i;
      value |= load1(ea + i) << shift;
    }
    return value;
  }

  // Stores.

  void store1(long ea, long value) {
    int slot = Tlb.slot(ea);
    if (stores[slot] == (ea & Tlb.PAGE)) {
      long offset = ea + stores[slot + 1];
      ram.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
      if (marks[(int) (offset >>> 12)] != 0) {
        codeCache.written(offset, 1);
      }
    } else {
      storeSlow(ea, 1, value);
    }
  }

  void store2(long ea, long value) {
    int slot = Tlb.slot(ea);
    if (stores[slot] == (ea + 1 & Tlb.PAGE)) {
      long offset = ea + stores[slot + 1];
      ram.set(SHORT_LE, offset, bigEndian ? Short.reverseBytes((short) value) : (short) value);
      if (marks[(int) (offset >>> 12)] != 0) {
        codeCache.written(offset, 2);
      }
    } else {
      storeSlow(ea, 2, value);
    }
  }

  void store4(long ea, long value) {
    int slot = Tlb.slot(ea);
    if (stores[slot] == (ea + 3 & Tlb.PAGE)) {
      long offset = ea + stores[slot + 1];
      ram.set(INT_LE, offset, bigEndian ? Integer.reverseBytes((int) value) : (int) value);
      if (marks[(int) (offset >>> 12)] != 0) {
        codeCache.written(offset, 4);
      }
    } else {
      storeSlow(ea, 4, value);
    }
  }

  void store8(long ea, long value) {
    int slot = Tlb.slot(ea);
    if (stores[slot] == (ea + 7 & Tlb.PAGE)) {
      long offset = ea + stores[slot + 1];
      ram.set(LONG_LE, offset, bigEndian ? Long.reverseBytes(value) : value);
      if (marks[(int) (offset >>> 12)] != 0) {
        codeCache.written(offset, 8);
      }
    } else {
      storeSlow(ea, 8, value);
    }
  }

  private void storeSlow(long address, int size, long value) {
    long ea = s.wide ? address : address & 0xffffffffL;
    if ((ea & LOW) + size > 4096) {
      storeAcross(ea, size, value);
      return;
    }
    long gpa = storeAddress(ea);
    if (gpa >= 0) {
      space.write(gpa, size, value, order());
      written(gpa, size);
    }
  }

  /** Both pages must accept the store before any byte of it is done. */
  private void storeAcross(long ea, int size, long value) {
    if (storeAddress(ea) < 0 || storeAddress(ea + size - 1) < 0) {
      return;
    }
    for (int i = 0; i < size && s.event == 0; i++) {
      int shift = bigEndian ? 8 * (size - 1 - i) : 8 * i;
      store1(ea + i, value >>> shift);
    }
  }

  /** Bytes of memory have changed: instructions there are read anew. */
  void written(long gpa, long size) {
    if (gpa < ramSize && marks[(int) (gpa >>> 12)] != 0) {
      codeCache.written(gpa, size);
    }
  }

  /** The guest-physical address of a store; -1 with a fault recorded. */
  long storeAddress(long ea) {
    return dataAddress(ea, RadixWalk.STORE, tlb.stores, tlb.farStores);
  }

  /** The guest-physical address of a load; -1 with a fault recorded. */
  long loadAddress(long ea) {
    return dataAddress(ea, RadixWalk.LOAD, tlb.loads, tlb.farLoads);
  }

  /**
   * The guest-physical address behind an effective one for a debugger; negative when there is none.
   * Raises no fault, remembers nothing, marks no page. In real mode for data and instructions the
   * address itself; where only one of them is translated, as translated. All 64 bits count.
   */
  long observedAddress(long ea) {
    if (!s.has(Msr.DR | Msr.IR)) {
      return ea & REAL_MODE;
    }
    return processTableSize < 0
        ? -1
        : observer.translate(
            ea, RadixWalk.LOAD, false, processTable, processTableSize, s.spr[Spr.PID]);
  }

  private long dataAddress(long ea, int access, long[] near, long[] far) {
    int slot = Tlb.slot(ea);
    if (near[slot] == (ea & Tlb.PAGE)) {
      return ea + near[slot + 1];
    }
    int farSlot = Tlb.farSlot(ea);
    if (far[farSlot] == (ea & Tlb.PAGE)) {
      return ea + far[farSlot + 1];
    }
    long gpa = s.has(Msr.DR) ? translate(ea, access) : ea & REAL_MODE;
    if (gpa < 0) {
      dataFault(ea, access);
      return -1;
    }
    if (gpa >= ramSize) {
      far[farSlot] = ea & Tlb.PAGE;
      far[farSlot + 1] = gpa - ea;
    } else if (s.wide) {
      near[slot] = ea & Tlb.PAGE;
      near[slot + 1] = gpa - ea;
    }
    return gpa;
  }

  private void dataFault(long ea, int access) {
    s.event = Event.FAULT;
    s.dar = ea;
    faultReason = 0;
    if (walk.failure == 0) {
      faultVector = Vector.DATA_SEGMENT;
    } else {
      faultVector = Vector.DATA_STORAGE;
      s.dsisr = walk.failure | (access == RadixWalk.STORE ? Vector.STORE : 0);
    }
  }

  /** An access that the processor leaves to software: DAR says where. */
  void alignmentFault(long ea) {
    s.event = Event.FAULT;
    s.dar = ea;
    s.dsisr = 0;
    faultVector = Vector.ALIGNMENT;
    faultReason = 0;
  }
}
