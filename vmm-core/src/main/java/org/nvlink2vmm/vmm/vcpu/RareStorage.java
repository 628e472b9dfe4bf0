package org.nvlink2vmm.vmm.vcpu;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.immediate;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * Loads and stores that the interpreter's loop does not hold: byte-reversed, indexed with update,
 * multiple and string, reservations, cache blocks.
 */
final class RareStorage {
  private static final int RESERVATION_NONE = 0;

  private final CpuState s;
  private final Storage m;
  private final BlockStorage blocks;

  /** Size of the reserved number; {@link #RESERVATION_NONE} when there is no reservation. */
  private int reservedSize = RESERVATION_NONE;

  private long reservedGpa;

  /** What was loaded, little-endian: a store conditional compares and swaps against it. */
  private long reservedValue;

  RareStorage(CpuState state, Storage storage) {
    this.s = state;
    this.m = storage;
    this.blocks = new BlockStorage(state, storage);
  }

  long execute(long d) {
    int op = Insn.op(d);
    long ea =
        op <= Op.LHAU || op == Op.LMW || op == Op.STMW || op == Op.LQ || op == Op.STQ
            ? s.gpr[ra(d)] + immediate(d)
            : s.gpr[ra(d)] + s.gpr[rb(d)];
    return switch (op) {
      case Op.LBZU, Op.LHZU, Op.LWZU, Op.LDU -> loadUpdating(op, d, ea);
      case Op.STBU, Op.STHU, Op.STWU -> storeUpdating(op, d, ea);
      case Op.LHAU, Op.LBZUX, Op.LHZUX, Op.LHAUX, Op.LWZUX, Op.LWAUX, Op.LDUX ->
          loadUpdating(op, d, ea);
      case Op.STBUX, Op.STHUX, Op.STWUX, Op.STDUX -> storeUpdating(op, d, ea);
      case Op.LHBRX -> Long.reverseBytes(m.load2(ea)) >>> 48;
      case Op.LWBRX -> Long.reverseBytes(m.load4(ea)) >>> 32;
      case Op.LDBRX -> Long.reverseBytes(m.load8(ea));
      case Op.STHBRX, Op.STWBRX, Op.STDBRX -> storeReversed(op, ea, s.gpr[rt(d)]);
      case Op.LMW, Op.STMW -> multiple(op, d, ea);
      case Op.LSWI, Op.STSWI -> {
        int count = rb(d) == 0 ? 32 : rb(d);
        yield string(op == Op.LSWI, d, s.gpr[ra(d)], count);
      }
      case Op.LSWX, Op.STSWX -> string(op == Op.LSWX, d, ea, s.xerCount);
      case Op.LBARX -> reserve(d, ea, 1);
      case Op.LHARX -> reserve(d, ea, 2);
      case Op.LWARX -> reserve(d, ea, 4);
      case Op.LDARX -> reserve(d, ea, 8);
      case Op.STBCX -> storeConditional(d, ea, 1);
      case Op.STHCX -> storeConditional(d, ea, 2);
      case Op.STWCX -> storeConditional(d, ea, 4);
      case Op.STDCX -> storeConditional(d, ea, 8);
      case Op.LQ, Op.STQ -> quadword(op, d, ea);
      case Op.DCBZ -> {
        blocks.clearBlock(ea);
        yield s.gpr[rt(d)];
      }
      default -> {
        blocks.dropCode(ea);
        yield s.gpr[rt(d)];
      }
    };
  }

  private long loadUpdating(int op, long d, long ea) {
    long value =
        switch (op) {
          case Op.LBZU, Op.LBZUX -> m.load1(ea);
          case Op.LHZU, Op.LHZUX -> m.load2(ea);
          case Op.LHAU, Op.LHAUX -> (short) m.load2(ea);
          case Op.LWZU, Op.LWZUX -> m.load4(ea);
          case Op.LWAUX -> (int) m.load4(ea);
          default -> m.load8(ea);
        };
    if (s.event == Event.NONE) {
      s.gpr[ra(d)] = ea;
    }
    return value;
  }

  private long storeUpdating(int op, long d, long ea) {
    long value = s.gpr[rt(d)];
    switch (op) {
      case Op.STBU, Op.STBUX -> m.store1(ea, value);
      case Op.STHU, Op.STHUX -> m.store2(ea, value);
      case Op.STWU, Op.STWUX -> m.store4(ea, value);
      default -> m.store8(ea, value);
    }
    if (s.event == Event.NONE) {
      s.gpr[ra(d)] = ea;
    }
    return s.gpr[rt(d)];
  }

  private long storeReversed(int op, long ea, long value) {
    switch (op) {
      case Op.STHBRX -> m.store2(ea, Long.reverseBytes(value) >>> 48);
      case Op.STWBRX -> m.store4(ea, Long.reverseBytes(value) >>> 32);
      default -> m.store8(ea, Long.reverseBytes(value));
    }
    return value;
  }

  /** lmw and stmw; little-endian ones interrupt, as on the processor. */
  private long multiple(int op, long d, long from) {
    long ea = from;
    if (!m.bigEndian()) {
      m.alignmentFault(ea);
    }
    for (int r = rt(d); r < 32 && s.event == Event.NONE; r++) {
      if (op == Op.STMW) {
        m.store4(ea, s.gpr[r]);
      } else {
        long value = m.load4(ea);
        if (s.event == Event.NONE) {
          s.gpr[r] = value;
        }
      }
      ea += 4;
    }
    return s.gpr[rt(d)];
  }

  /** The string moves: bytes packed from the left into the low words of consecutive registers. */
  private long string(boolean load, long d, long from, int count) {
    if (!m.bigEndian()) {
      m.alignmentFault(from);
    }
    int r = rt(d);
    for (int i = 0; i < count && s.event == Event.NONE; i++) {
      int shift = 24 - 8 * (i & 3);
      if (load) {
        long value = m.load1(from + i);
        if (s.event == Event.NONE) {
          long kept = shift == 24 ? 0 : s.gpr[r];
          s.gpr[r] = kept | value << shift;
        }
      } else {
        m.store1(from + i, s.gpr[r] >>> shift);
      }
      r = shift == 0 ? r + 1 & 31 : r;
    }
    return s.gpr[rt(d)];
  }

  private long reserve(long d, long ea, int size) {
    reservedSize = RESERVATION_NONE;
    if ((ea & size - 1) != 0) {
      m.alignmentFault(ea);
      return 0;
    }
    long gpa = m.loadAddress(ea);
    if (gpa < 0) {
      return s.gpr[rt(d)];
    }
    reservedGpa = gpa;
    reservedSize = size;
    reservedValue = blocks.rawLoad(gpa, size);
    return blocks.raw(reservedValue, size);
  }

  private long storeConditional(long d, long ea, int size) {
    if ((ea & size - 1) != 0) {
      m.alignmentFault(ea);
      return 0;
    }
    long gpa = m.storeAddress(ea);
    if (gpa >= 0) {
      boolean stored =
          reservedSize == size
              && reservedGpa == gpa
              && blocks.compareAndSet(gpa, size, reservedValue, blocks.raw(s.gpr[rt(d)], size));
      reservedSize = RESERVATION_NONE;
      s.setCrField(28, (stored ? 2 : 0) | s.so);
    }
    return s.gpr[rt(d)];
  }

  /** lq and stq: the even register holds the doubleword of more significance. */
  private long quadword(int op, long d, long ea) {
    int high = rt(d) & 30;
    long highEa = m.bigEndian() ? ea : ea + 8;
    long lowEa = m.bigEndian() ? ea + 8 : ea;
    if ((ea & 15) != 0) {
      m.alignmentFault(ea);
    } else if (op == Op.STQ) {
      m.store8(highEa, s.gpr[high]);
      if (s.event == Event.NONE) {
        m.store8(lowEa, s.gpr[high + 1]);
      }
    } else {
      long highValue = m.load8(highEa);
      if (s.event == Event.NONE) {
        s.gpr[high + 1] = m.load8(lowEa);
        s.gpr[high] = highValue;
      }
    }
    return s.gpr[rt(d)];
  }
}
