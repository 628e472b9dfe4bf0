package org.nvlink2vmm.vmm.vcpu;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.nvlink2vmm.vmm.vcpu.isa.Decoder;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * A program of random instructions that ends: straight lines, branches forward on any condition,
 * calls, and loops of two depths whose counters nothing else writes. Loads and stores go mostly
 * through r28 and r29, and often fault.
 */
final class RandomProgram {
  private static final int OUTER = 31;
  private static final int INNER = 30;
  private static final int BASE = 28;
  private static final int COLLECTOR = 24;
  private static final int NOP = 0x60000000;
  private static final int BLR = 0x4e800020;

  private static final int[] SPECIAL_MOVES = {
    0x7c0102a6, 0x7c0103a6, 0x7c0802a6, 0x7c0803a6, 0x7c0902a6, 0x7c1142a6, 0x7c1143a6, 0x7c0000a6
  };
  private static final int MTCTR = 0x7c0903a6;

  /** Words with random middle bits that decode to each operation: primary opcode and low bits. */
  private static final Map<Integer, List<Integer>> POOL = pool();

  private static final List<Integer> OPS = POOL.keySet().stream().sorted().toList();

  /**
   * mfxer r25; xor r24,r24,r25; mfcr r25; rotldi r24,r24,7; add r24,r24,r25: all ends up in r24.
   */
  private static final List<Integer> WATCH =
      List.of(0x7f2102a6, 0x7f18ca78, 0x7f200026, 0x7b183800, 0x7f18ca14);

  private final SplittableRandom random;

  /** Whether conditions and carries are collected on the way, not only left at the end. */
  private final boolean watches;

  private final List<Integer> words = new ArrayList<>();
  private final BitSet operations = new BitSet(Op.COUNT);

  RandomProgram(long seed, int size) {
    this.random = new SplittableRandom(seed);
    this.watches = random.nextBoolean();
    body(size, 0, true);
    words.add(TestGuest.HYPERCALL);
  }

  List<Integer> words() {
    return words;
  }

  /** The operations that are somewhere in it. */
  BitSet operations() {
    return operations;
  }

  private static Map<Integer, List<Integer>> pool() {
    Map<Integer, List<Integer>> pool = new HashMap<>();
    for (int primary = 0; primary < 64; primary++) {
      for (int low = 0; low < 2048; low++) {
        int pattern = primary << 26 | low;
        int op = Insn.op(Decoder.decode(pattern | 3 << 21 | 4 << 16 | 5 << 11));
        if (usable(op)) {
          pool.computeIfAbsent(op, absent -> new ArrayList<>()).add(pattern);
        }
      }
    }
    return pool;
  }

  /** What neither jumps, nor changes the mode, nor writes registers that a program relies on. */
  private static boolean usable(int op) {
    return switch (op) {
      case Op.B, Op.BL, Op.BC, Op.BC_TRUE, Op.BC_FALSE, Op.BDNZ -> false;
      case Op.BCLR, Op.BLR, Op.BCCTR, Op.BCTR, Op.BCTAR -> false;
      case Op.LMW, Op.LSWI, Op.LSWX -> false;
      case Op.MFLR, Op.MTLR, Op.MFCTR, Op.MTCTR -> false;
      case Op.TW, Op.TD, Op.TWI, Op.TDI, Op.ISYNC, Op.FLOATING -> true;
      default -> op < Op.TW;
    };
  }

  private int random(int bound) {
    return random.nextInt(bound);
  }

  private void add(int word) {
    words.add(word);
    operations.set(Insn.op(Decoder.decode(word)));
  }

  private void body(int size, int depth, boolean mayCount) {
    for (int left = size; left > 0; left--) {
      switch (random(16)) {
        case 0, 1, 2 -> forward(mayCount);
        case 3 -> specialMove(mayCount);
        case 4 -> call();
        case 5 -> {
          if (depth < 2) {
            loop(depth);
          }
        }
        default -> {
          add(plain());
          if (watches && random(3) == 0) {
            WATCH.forEach(this::add);
          }
        }
      }
    }
  }

  private int plain() {
    for (; ; ) {
      List<Integer> patterns = POOL.get(OPS.get(random(OPS.size())));
      int word = patterns.get(random(patterns.size())) | (random.nextInt() & 0x03fff800);
      int op = Insn.op(Decoder.decode(word));
      boolean access = (op >= Op.LBZ && op <= Op.STDU) || (op >= Op.LHAU && op <= Op.ICBI);
      if (access && random(8) != 0) {
        word = (word & ~(31 << 16)) | (BASE + random(2)) << 16;
        boolean indexed = (word >>> 26) == 31;
        word = indexed ? (word & ~(31 << 11)) | (26 + random(2)) << 11 : word & ~0x7000;
      }
      int updated = word >>> 16 & 31;
      if (isFree(word >>> 21 & 31, access)
          && isFree(updated, access)
          && usable(Insn.op(Decoder.decode(word)))) {
        return word;
      }
    }
  }

  /** Not a loop counter, nor what {@link #WATCH} collects in; nor, but for accesses, a base. */
  private static boolean isFree(int register, boolean access) {
    return register < COLLECTOR || (access && register > COLLECTOR + 1 && register < INNER);
  }

  private void specialMove(boolean mayCount) {
    int which = random(SPECIAL_MOVES.length + 1);
    if (which < SPECIAL_MOVES.length || mayCount) {
      add((which < SPECIAL_MOVES.length ? SPECIAL_MOVES[which] : MTCTR) | random(COLLECTOR) << 21);
    }
  }

  /** Skips some instructions on a condition, or always. */
  private void forward(boolean mayCount) {
    int at = words.size();
    add(NOP);
    for (int i = random(6); i > 0; i--) {
      add(plain());
    }
    int distance = 4 * (words.size() - at);
    boolean always = random(6) == 0;
    int bo = random(32) | (mayCount ? 0 : 4);
    int link = random(5) == 0 ? 1 : 0;
    words.set(
        at,
        always
            ? 0x48000000 | distance | link
            : 0x40000000 | bo << 21 | random(32) << 16 | distance | link);
    operations.set(Insn.op(Decoder.decode(words.get(at))));
  }

  /** A call of a subroutine that stands right there: over it, into it, and back. */
  private void call() {
    int inside = 1 + random(4);
    add(0x48000000 | 4 * (inside + 3));
    for (int i = 0; i < inside; i++) {
      add(plain());
    }
    add(random(2) == 0 ? NOP : 0x4c800020 | random(32) << 16);
    add(BLR);
    add(0x48000001 | (-4 * (inside + 2) & 0x03fffffc));
  }

  private void loop(int depth) {
    boolean counted = random(2) == 0;
    int counter = depth == 0 ? OUTER : INNER;
    add(0x38000000 | counter << 21 | (1 + random(40)));
    if (counted) {
      add(MTCTR | counter << 21);
    }
    int head = words.size();
    body(1 + random(10), counted ? 2 : depth + 1, false);
    if (!counted) {
      // addi counter,counter,-1; cmpdi crN,counter,0; bne crN
      int field = random(8);
      add(0x3800ffff | counter << 21 | counter << 16);
      add(0x2c200000 | field << 23 | counter << 16);
      add(0x40820000 | field << 18 | (-4 * (words.size() - head) & 0xfffc));
    } else {
      add(0x42000000 | (-4 * (words.size() - head) & 0xfffc));
    }
  }
}
