package org.nvlink2vmm.vmm.vcpu;

import java.util.BitSet;

/**
 * Guest instructions as JVM bytecode; the subclasses are made by {@link
 * org.nvlink2vmm.vmm.vcpu.compile.BlockCompiler}. One object serves every thread and every
 * effective address of its page.
 */
abstract class CompiledBlock {
  /** Not 0 once an instruction of it has changed: it leaves at the next store or call. */
  int dropped;

  /** The word of the page at which it begins. */
  int entry;

  /** The words of the page that it was made of. */
  BitSet words = new BitSet();

  /**
   * Executes from the entry on, to where control leaves the region, an instruction faults ({@link
   * CpuState#event} says so), or a backward branch finds nothing left or attention asked for.
   * {@link CpuState#pc} is where execution goes on.
   *
   * @param base effective address of the page
   * @param left how many instructions may be done
   * @return what is left, exactly; it may be below zero
   */
  abstract int run(CpuState s, Storage m, RareOps rare, long base, int left);
}
