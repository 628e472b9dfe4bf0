package org.nvlink2vmm.vmm.vcpu.compile;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.function.IntToLongFunction;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * Instructions of one page that are compiled together: those which direct branches and falling
 * through reach from an entry without leaving the page. Indices are words of the page.
 */
public final class Region {
  /** Words of a page of 4 KiB. */
  public static final int PAGE_WORDS = 1024;

  /** Calls whose return is a jump; those of the others leave. */
  private static final int MOST_RETURNS = 6;

  private final long[] code = new long[PAGE_WORDS];
  private final BitSet covered = new BitSet(PAGE_WORDS);
  private final BitSet leaders = new BitSet(PAGE_WORDS);
  private final List<Integer> returns = new ArrayList<>();
  private final int entry;

  private Region(int entry) {
    this.entry = entry;
  }

  /**
   * @param insn the decoded instruction of an index
   * @param entry where execution begins
   * @param limit the greatest number of instructions
   */
  public static Region of(IntToLongFunction insn, int entry, int limit) {
    Region region = new Region(entry);
    Deque<Integer> heads = new ArrayDeque<>();
    heads.add(entry);
    while (!heads.isEmpty()) {
      region.follow(insn, heads.poll(), limit, heads);
    }
    region.leaders.and(region.covered);
    region.returns.removeIf(index -> !region.covered.get(index));
    return region;
  }

  private void follow(IntToLongFunction insn, int head, int limit, Deque<Integer> heads) {
    leaders.set(head);
    int left = limit - covered.cardinality();
    for (int at = head; at < PAGE_WORDS && left-- > 0; at++) {
      if (covered.get(at)) {
        leaders.set(at);
        return;
      }
      long d = insn.applyAsLong(at);
      if (isLeft(d)) {
        return;
      }
      code[at] = d;
      covered.set(at);
      int target = target(d, at);
      if (target >= 0) {
        heads.add(target);
        if (Insn.op(d) == Op.BL && at + 1 < PAGE_WORDS && returns.size() < MOST_RETURNS) {
          heads.add(at + 1);
          returns.add(at + 1);
        }
      }
      if (alwaysBranches(d)) {
        return;
      }
    }
  }

  /** Whether the interpreter has to execute an instruction: a region ends in front of it. */
  static boolean isLeft(long d) {
    int op = Insn.op(d);
    return switch (op) {
      case Op.UNDECODED, Op.END_OF_PAGE, Op.COMPILED, Op.BCTAR -> true;
      case Op.LMW, Op.STMW, Op.LSWI, Op.LSWX, Op.STSWI, Op.STSWX, Op.LQ, Op.STQ -> true;
      case Op.MFSPR, Op.MTSPR, Op.MFTB, Op.MFMSR -> false;
      default -> op >= Op.SC;
    };
  }

  static boolean alwaysBranches(long d) {
    return switch (Insn.op(d)) {
      case Op.B, Op.BL, Op.BLR, Op.BCTR -> true;
      default -> false;
    };
  }

  /** The index that a direct branch or call goes to; negative when outside. */
  static int target(long d, int at) {
    boolean direct =
        switch (Insn.op(d)) {
          case Op.B, Op.BL -> !Insn.aa(d);
          case Op.BC_TRUE, Op.BC_FALSE, Op.BDNZ -> true;
          case Op.BC -> !Insn.aa(d) && !Insn.rc(d);
          default -> false;
        };
    long target = at + (Insn.immediate(d) >> 2);
    return direct && target >= 0 && target < PAGE_WORDS ? (int) target : -1;
  }

  public int entry() {
    return entry;
  }

  /** How many instructions; none when the first already is the interpreter's. */
  public int size() {
    return covered.cardinality();
  }

  /** The indices. */
  public BitSet indices() {
    return (BitSet) covered.clone();
  }

  boolean covers(int index) {
    return covered.get(index);
  }

  /** The first index from {@code index} on that is part of it; negative when there is none. */
  int next(int index) {
    return covered.nextSetBit(index);
  }

  /** Whether control comes to an index from elsewhere than the instruction in front. */
  boolean isLeader(int index) {
    return leaders.get(index);
  }

  /** Where the calls inside of it come back to. */
  List<Integer> returns() {
    return returns;
  }

  long code(int index) {
    return code[index];
  }
}
