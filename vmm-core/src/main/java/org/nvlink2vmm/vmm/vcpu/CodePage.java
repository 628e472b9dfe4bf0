package org.nvlink2vmm.vmm.vcpu;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.IntPredicate;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * The decoded instructions of a page in one byte order and width, and the compiled blocks that
 * begin in it. Threads read without a lock; an instruction changes under their feet as a store to
 * RAM does. Blocks come and go under the lock of the page.
 */
final class CodePage {
  /** Blocks dropped for changed code, after which a page is left to the interpreter. */
  private static final int MOST_DROPS = 64;

  /** Of guest RAM; of other memory for pages that are never kept. */
  final long gpa;

  final boolean littleEndian;
  final boolean wide;

  private final boolean kept;

  /** The page at the same place that is read in another way. */
  final CodePage next;

  /** One element more than the page has words, which leads to the next page. */
  final long[] code = new long[CodeCache.WORDS + 1];

  /** By entry; null while there is none at all. */
  private volatile CompiledBlock[] blocks;

  /** A bit for each word that a block was made of. */
  private final long[] covered = new long[CodeCache.WORDS / Long.SIZE];

  /** How often the profile found execution at a word; null until it did. */
  private byte[] samples;

  private int drops;

  /** A page of RAM. */
  CodePage(long gpa, boolean littleEndian, boolean wide, CodePage next) {
    this(gpa, littleEndian, wide, next, true);
  }

  private CodePage(long gpa, boolean littleEndian, boolean wide, CodePage next, boolean kept) {
    this.kept = kept;
    this.gpa = gpa;
    this.littleEndian = littleEndian;
    this.wide = wide;
    this.next = next;
    code[CodeCache.WORDS] = Op.END_OF_PAGE;
  }

  /** A page of other memory, for its reader alone. */
  static CodePage unkept(long gpa, boolean littleEndian, boolean wide) {
    return new CodePage(gpa, littleEndian, wide, null, false);
  }

  static int index(long ea) {
    return (int) ea >>> 2 & CodeCache.WORDS - 1;
  }

  /** Whether this is a page of main memory, whose stores are seen. */
  boolean isKept() {
    return kept;
  }

  /** The block that begins at a word; null if it has just been dropped. */
  CompiledBlock block(int index) {
    CompiledBlock[] all = blocks;
    return all == null ? null : all[index];
  }

  /** Whether a block begins at a word. */
  boolean isCompiled(int index) {
    return Insn.op(code[index]) == Op.COMPILED;
  }

  /** Counts one more sample of a word; true once there were as many as asked for. */
  boolean sample(int index, int threshold) {
    if (samples == null) {
      samples = new byte[CodeCache.WORDS];
    }
    if (samples[index] < 0) {
      return false;
    }
    return ++samples[index] >= threshold;
  }

  /** Whether no more is to be compiled here. */
  boolean changesTooOften() {
    return drops >= MOST_DROPS;
  }

  /** Never asks again for what {@link #sample} counted: it can not be compiled. */
  void giveUp(int index) {
    if (samples == null) {
      samples = new byte[CodeCache.WORDS];
    }
    samples[index] = -1;
  }

  boolean hasGivenUp(int index) {
    return samples != null && samples[index] < 0;
  }

  /**
   * Lets a block be executed from now on.
   *
   * @param unchanged whether RAM still holds the word at an index that the block was made of
   * @return false when it does not: the block is not used
   */
  synchronized boolean install(CompiledBlock block, IntPredicate unchanged) {
    if (blocks == null) {
      blocks = new CompiledBlock[CodeCache.WORDS];
    }
    blocks[block.entry] = block;
    cover(block);
    // From here on a store to these words finds the block, so that looking at them once is enough.
    VarHandle.fullFence();
    for (int i = block.words.nextSetBit(0); i >= 0; i = block.words.nextSetBit(i + 1)) {
      if (!unchanged.test(i)) {
        drop(block);
        return false;
      }
    }
    code[block.entry] = Op.COMPILED;
    return true;
  }

  private void cover(CompiledBlock block) {
    for (int i = block.words.nextSetBit(0); i >= 0; i = block.words.nextSetBit(i + 1)) {
      covered[i >>> 6] |= 1L << i;
    }
  }

  /** A word has changed: it is decoded again when it is next executed. */
  void forget(int index) {
    code[index] = Op.UNDECODED;
    byte[] counts = samples;
    if (counts != null) {
      counts[index] = 0;
    }
    if (blocks != null && (covered[index >>> 6] >>> index & 1) != 0) {
      dropThoseOf(index);
    }
  }

  private synchronized void dropThoseOf(int index) {
    Arrays.fill(covered, 0);
    for (CompiledBlock block : blocks) {
      if (block != null && block.words.get(index)) {
        drops++;
        drop(block);
      } else if (block != null) {
        cover(block);
      }
    }
  }

  private void drop(CompiledBlock block) {
    block.dropped = 1;
    blocks[block.entry] = null;
    code[block.entry] = Op.UNDECODED;
  }

  /** Forgets every block; the instructions are interpreted again. */
  synchronized void dropAll() {
    if (blocks == null) {
      return;
    }
    for (CompiledBlock block : blocks) {
      if (block != null) {
        drop(block);
      }
    }
    Arrays.fill(covered, 0);
    samples = null;
  }
}
