package org.nvlink2vmm.vmm.vcpu;

import java.lang.invoke.MethodHandles;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.nvlink2vmm.vmm.vcpu.compile.BlockCompiler;
import org.nvlink2vmm.vmm.vcpu.isa.Decoder;

/**
 * The compiled blocks of a partition: decides what is worth compiling, compiles it, and keeps the
 * sum of it bounded. Compiling takes a lock and some milliseconds; executing takes none.
 */
final class CompiledCode {
  /** Blocks that exist at a time. When there are so many all are dropped, and the hot come back. */
  private static final int MOST_BLOCKS = 4096;

  /** Samples that make a place hot. */
  private static final int HOT = 64;

  private static final MethodHandles.Lookup LOOKUP = MethodHandles.lookup();

  private final CodeCache codeCache;
  private final int mostBlocks;
  private final Set<CodePage> pages = new HashSet<>();
  private volatile ExecutionMode mode = ExecutionMode.AUTO;
  private int live;
  private long compiled;
  private long emptied;

  CompiledCode(CodeCache codeCache) {
    this(codeCache, MOST_BLOCKS);
  }

  CompiledCode(CodeCache codeCache, int mostBlocks) {
    this.codeCache = codeCache;
    this.mostBlocks = mostBlocks;
  }

  ExecutionMode mode() {
    return mode;
  }

  /**
   * Takes effect at every thread's next slice; what was compiled is dropped for the interpreter.
   */
  synchronized void mode(ExecutionMode wanted) {
    mode = wanted;
    if (wanted == ExecutionMode.INTERPRET) {
      dropAll();
    }
  }

  /** Blocks compiled so far. */
  synchronized long compiled() {
    return compiled;
  }

  /** How often everything was dropped for want of space. */
  synchronized long emptied() {
    return emptied;
  }

  /** The profile found execution at a word. */
  void sampled(CodePage page, int index) {
    if (!page.isCompiled(index) && page.sample(index, HOT)) {
      compile(page, index);
    }
  }

  /** Compiles from a word of a page of RAM on, unless that is not possible. */
  synchronized void compile(CodePage page, int index) {
    if (mode == ExecutionMode.INTERPRET || page.isCompiled(index) || page.hasGivenUp(index)) {
      return;
    }
    if (page.changesTooOften()) {
      page.giveUp(index);
      return;
    }
    int[] words = new int[CodeCache.WORDS];
    Optional<BlockCompiler.Result> result =
        BlockCompiler.compile(
            i -> {
              words[i] = codeCache.word(page, i);
              return Decoder.decode(words[i]);
            },
            index,
            page.wide);
    if (result.isEmpty()) {
      page.giveUp(index);
      return;
    }
    if (live >= mostBlocks) {
      dropAll();
      emptied++;
    }
    CompiledBlock block = load(result.get());
    if (page.install(block, i -> codeCache.word(page, i) == words[i])) {
      pages.add(page);
      live++;
      compiled++;
    }
  }

  private static CompiledBlock load(BlockCompiler.Result result) {
    try {
      Class<?> hidden = LOOKUP.defineHiddenClass(result.classFile(), true).lookupClass();
      CompiledBlock block = (CompiledBlock) hidden.getDeclaredConstructor().newInstance();
      block.entry = result.region().entry();
      block.words = result.region().indices();
      return block;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("a compiled block does not load", e);
    }
  }

  private void dropAll() {
    pages.forEach(CodePage::dropAll);
    pages.clear();
    live = 0;
  }
}
