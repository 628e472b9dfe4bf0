package org.nvlink2vmm.vmm.vcpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.nvlink2vmm.vmm.vcpu.isa.Decoder;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
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

  /** Pages of RAM that one array of {@link #pages} covers: 4 MiB. */
  private static final int CHUNK_SHIFT = 10;

  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment ram;
  private final byte[] marks;

  /** Chains of the pages at a place, one for each way to read it; chunks are made when needed. */
  private final CodePage[][] pages;

  CodeCache(MemorySegment ram) {
    this.ram = ram;
    int count = (int) (ram.byteSize() >>> PAGE_SHIFT) + 1;
    this.marks = new byte[count];
    this.pages = new CodePage[(count >>> CHUNK_SHIFT) + 1][];
  }

  /** The marks, by page of RAM: not 0 where stores have to call {@link #written}. */
  byte[] marks() {
    return marks;
  }

  /**
   * The page at an offset of RAM.
   *
   * @param wide whether the code computes in 64 bits
   */
  synchronized CodePage page(long offset, boolean littleEndian, boolean wide) {
    int number = (int) (offset >>> PAGE_SHIFT);
    if (pages[number >>> CHUNK_SHIFT] == null) {
      pages[number >>> CHUNK_SHIFT] = new CodePage[1 << CHUNK_SHIFT];
    }
    CodePage[] chunk = pages[number >>> CHUNK_SHIFT];
    int index = number & (1 << CHUNK_SHIFT) - 1;
    CodePage page = chunk[index];
    while (page != null && (page.littleEndian != littleEndian || page.wide != wide)) {
      page = page.next;
    }
    if (page == null) {
      page = new CodePage((long) number << PAGE_SHIFT, littleEndian, wide, chunk[index]);
      chunk[index] = page;
    }
    marks[number] = 1;
    VarHandle.fullFence();
    return page;
  }

  /** Decodes a word of a page. Reads again afterwards, for a store may have come in between. */
  long decode(CodePage page, int index) {
    int word;
    do {
      word = word(page, index);
      page.code[index] = Decoder.decode(word);
      VarHandle.fullFence();
    } while (word(page, index) != word);
    return page.code[index];
  }

  /** The instruction of a page, whether or not a compiled block begins there. */
  long instruction(CodePage page, int index) {
    long d = page.code[index];
    int op = Insn.op(d);
    return op == Op.UNDECODED || op == Op.COMPILED ? Decoder.decode(word(page, index)) : d;
  }

  /** The instruction word that a page has in RAM now. */
  int word(CodePage page, int index) {
    int word = ram.get(INT_LE, page.gpa + 4L * index);
    return page.littleEndian ? word : Integer.reverseBytes(word);
  }

  /** A store went to a marked page. */
  void written(long offset, long size) {
    VarHandle.fullFence();
    for (long word = offset & ~3; word < offset + size; word += 4) {
      int number = (int) (word >>> PAGE_SHIFT);
      CodePage[] chunk = pages[number >>> CHUNK_SHIFT];
      CodePage page = chunk == null ? null : chunk[number & (1 << CHUNK_SHIFT) - 1];
      for (; page != null; page = page.next) {
        page.forget((int) (word >>> 2) & (WORDS - 1));
      }
    }
  }
}
