package org.nvlink2vmm.vmm.vcpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentHashMap;
import org.nvlink2vmm.vmm.vcpu.isa.Decoder;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * Decoded instructions of guest RAM, a page of 4 KiB at a time, shared by all threads. A page whose
 * instructions were decoded is marked, and every guest store looks at the mark, so that a changed
 * word is decoded anew: instruction fetch is coherent with stores, as on POWER9. Bytes that the
 * monitor or a device writes are seen where {@link #written} is told, or after the guest's icbi.
 */
final class CodeCache {
  static final int PAGE_SHIFT = 12;
  static final int WORDS = 1 << (PAGE_SHIFT - 2);

  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment ram;
  private final byte[] marks;
  private final ConcurrentHashMap<Long, Page> pages = new ConcurrentHashMap<>();

  /** A page in one byte order; {@code code} has one element more, which leads to the next page. */
  static final class Page {
    final long gpa;
    final boolean littleEndian;
    final long[] code = new long[WORDS + 1];

    Page(long gpa, boolean littleEndian) {
      this.gpa = gpa;
      this.littleEndian = littleEndian;
      code[WORDS] = Op.END_OF_PAGE;
    }
  }

  CodeCache(MemorySegment ram) {
    this.ram = ram;
    this.marks = new byte[(int) (ram.byteSize() >>> PAGE_SHIFT) + 1];
  }

  /** The marks, by page of RAM: not 0 where stores have to call {@link #written}. */
  byte[] marks() {
    return marks;
  }

  /** The page at an offset of RAM. */
  Page page(long offset, boolean littleEndian) {
    long gpa = offset & -1L << PAGE_SHIFT;
    Page page =
        pages.computeIfAbsent(littleEndian ? gpa | 1 : gpa, absent -> new Page(gpa, littleEndian));
    marks[(int) (gpa >>> PAGE_SHIFT)] = 1;
    VarHandle.fullFence();
    return page;
  }

  /** Decodes a word of a page. Reads again afterwards, for a store may have come in between. */
  long decode(Page page, int index) {
    int word;
    do {
      word = word(page, index);
      page.code[index] = Decoder.decode(word);
      VarHandle.fullFence();
    } while (word(page, index) != word);
    return page.code[index];
  }

  private int word(Page page, int index) {
    int word = ram.get(INT_LE, page.gpa + 4L * index);
    return page.littleEndian ? word : Integer.reverseBytes(word);
  }

  /** A store went to a marked page. */
  void written(long offset, long size) {
    for (long word = offset & ~3; word < offset + size; word += 4) {
      long gpa = word & -1L << PAGE_SHIFT;
      forget(pages.get(gpa), word);
      forget(pages.get(gpa | 1), word);
    }
  }

  private static void forget(Page page, long offset) {
    if (page != null) {
      page.code[(int) (offset >>> 2) & (WORDS - 1)] = Op.UNDECODED;
    }
  }
}
