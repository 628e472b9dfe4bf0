package org.nvlink2vmm.vmm.vcpu;

/**
 * Loads and stores of whole vector registers, and nothing else of the vector unit. Kernels that are
 * built with it move pages through these registers without asking the tree whether the unit is
 * there (Linux arch/powerpc/lib/copypage_power7.S).
 */
final class VectorMoves {
  private static final int LVX = 103;
  private static final int STVX = 231;
  private static final int LVXL = 359;
  private static final int STVXL = 487;

  private final CpuState s;
  private final Storage m;

  /** Most significant half first, two words a register. */
  private final long[] registers = new long[64];

  VectorMoves(CpuState state, Storage storage) {
    this.s = state;
    this.m = storage;
  }

  /** Carries an instruction out; false when it is none of these. */
  boolean execute(int word) {
    int operation = word >>> 26 == 31 ? word >>> 1 & 0x3ff : 0;
    int register = word >>> 21 & 31;
    int base = word >>> 16 & 31;
    long ea = ((base == 0 ? 0 : s.gpr[base]) + s.gpr[word >>> 11 & 31]) & -16;
    if (!s.wide) {
      ea &= 0xffffffffL;
    }
    switch (operation) {
      case LVX, LVXL -> load(register, ea);
      case STVX, STVXL -> store(register, ea);
      default -> {
        return false;
      }
    }
    return true;
  }

  /** The half at the lower address is the less significant one for a little-endian thread. */
  private int firstHalf(int register) {
    return 2 * register + (s.has(Msr.LE) ? 1 : 0);
  }

  private void load(int register, long ea) {
    long first = m.load8(ea);
    long second = s.event == Event.NONE ? m.load8(ea + 8) : 0;
    if (s.event == Event.NONE) {
      registers[firstHalf(register)] = first;
      registers[firstHalf(register) ^ 1] = second;
    }
  }

  /** Aligned, so both halves are in one page: the second cannot fault where the first did not. */
  private void store(int register, long ea) {
    m.store8(ea, registers[firstHalf(register)]);
    if (s.event == Event.NONE) {
      m.store8(ea + 8, registers[firstHalf(register) ^ 1]);
    }
  }
}
