package org.nvlink2vmm.vmm.vcpu;

import static org.nvlink2vmm.vmm.vcpu.isa.Insn.field;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.immediate;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.ra;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rb;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rc;
import static org.nvlink2vmm.vmm.vcpu.isa.Insn.rt;

import java.util.SplittableRandom;
import org.nvlink2vmm.vmm.vcpu.isa.Arith;
import org.nvlink2vmm.vmm.vcpu.isa.Insn;
import org.nvlink2vmm.vmm.vcpu.isa.Op;

/**
 * Fixed-point instructions that the interpreter's loop does not hold. Every method returns what the
 * target register is to hold, the register's own value where an instruction has no target. What an
 * instruction leaves undefined is what QEMU's TCG leaves there, so that the two can be compared.
 */
final class RareOps {
  private static final long LOW = 0xffffffffL;

  private final CpuState s;
  private final RareStorage storage;
  private final Privileged privileged;

  /** Behind darn. Seeded, so that runs repeat; this is a model, not a source of keys. */
  private final SplittableRandom random = new SplittableRandom(0x9e3779b97f4a7c15L);

  RareOps(CpuState state, RareStorage storage, Privileged privileged) {
    this.s = state;
    this.storage = storage;
    this.privileged = privileged;
  }

  long execute(long d, long pc) {
    int op = Insn.op(d);
    if (op >= Op.LHAU && op <= Op.ICBI) {
      return storage.execute(d);
    }
    if (op >= Op.TW) {
      return privileged.execute(d, pc);
    }
    if (op == Op.BCTAR) {
      return branchToTar(d, pc);
    }
    long result = op < Op.MODSW ? arithmetic(op, d) : logical(op, d, pc);
    if (rc(d) && op != Op.MADDHD && op != Op.MADDHDU && op != Op.MADDLD && op != Op.ADDPCIS) {
      s.recordCr0(result);
    }
    return result;
  }

  /** Loads and stores that update their base, but for the commonest. */
  long update(long d) {
    return storage.execute(d);
  }

  private long arithmetic(int op, long d) {
    long a = s.gpr[ra(d)];
    long b = s.gpr[rb(d)];
    return switch (op) {
      case Op.ADDIC_RC -> {
        long r = s.addCarrying(a, immediate(d), 0);
        s.recordCr0(r);
        yield r;
      }
      case Op.ADDME -> s.addCarrying(a, -1, s.ca);
      case Op.SUBFME -> s.addCarrying(~a, -1, s.ca);
      case Op.ADD_OE -> overflowing(a, b, a + b);
      case Op.SUBF_OE -> overflowing(~a, b, b - a);
      case Op.NEG_OE -> overflowing(~a, 0, -a);
      case Op.ADDC_OE -> overflowing(a, b, s.addCarrying(a, b, 0));
      case Op.ADDE_OE -> overflowing(a, b, s.addCarrying(a, b, s.ca));
      case Op.SUBFC_OE -> overflowing(~a, b, s.addCarrying(~a, b, 1));
      case Op.SUBFE_OE -> overflowing(~a, b, s.addCarrying(~a, b, s.ca));
      case Op.ADDME_OE -> overflowing(a, -1, s.addCarrying(a, -1, s.ca));
      case Op.ADDZE_OE -> overflowing(a, 0, s.addCarrying(a, 0, s.ca));
      case Op.SUBFME_OE -> overflowing(~a, -1, s.addCarrying(~a, -1, s.ca));
      case Op.SUBFZE_OE -> overflowing(~a, 0, s.addCarrying(~a, 0, s.ca));
      case Op.MULLW_OE -> {
        long r = (long) (int) a * (int) b;
        boolean over = r != (int) r;
        s.overflow(over, over);
        yield r;
      }
      case Op.MULLD_OE -> {
        long r = a * b;
        boolean over = Math.multiplyHigh(a, b) != r >> 63;
        s.overflow(over, over);
        yield r;
      }
      case Op.MULHW -> ((long) (int) a * (int) b) >>> 32;
      case Op.MULHWU -> ((a & LOW) * (b & LOW)) >>> 32;
      case Op.MULHD -> Math.multiplyHigh(a, b);
      case Op.MULHDU -> Math.unsignedMultiplyHigh(a, b);
      default -> divide(op, a, b);
    };
  }

  private long overflowing(long a, long b, long sum) {
    s.overflowOfSum(a, b, sum);
    return sum;
  }

  private long divide(int op, long a, long b) {
    return switch (op) {
      case Op.DIVW, Op.DIVW_OE -> {
        boolean over = (int) b == 0 || ((int) a == Integer.MIN_VALUE && (int) b == -1);
        yield quotient(op == Op.DIVW_OE, over, a & LOW, over ? 0 : (int) a / (int) b & LOW);
      }
      case Op.DIVWU, Op.DIVWU_OE -> {
        boolean over = (int) b == 0;
        yield quotient(op == Op.DIVWU_OE, over, a & LOW, over ? 0 : (a & LOW) / (b & LOW));
      }
      case Op.DIVD, Op.DIVD_OE -> {
        boolean over = b == 0 || (a == Long.MIN_VALUE && b == -1);
        yield quotient(op == Op.DIVD_OE, over, a, over ? 0 : a / b);
      }
      case Op.DIVDU, Op.DIVDU_OE -> {
        boolean over = b == 0;
        yield quotient(op == Op.DIVDU_OE, over, a, over ? 0 : Long.divideUnsigned(a, b));
      }
      case Op.DIVWE, Op.DIVWE_OE -> {
        long dividend = a << 32;
        long divisor = (int) b;
        long r = divisor == 0 ? 0 : dividend / divisor;
        boolean over =
            divisor == 0 || (divisor == -1 && dividend == Long.MIN_VALUE) || r != (int) r;
        yield quotient(op == Op.DIVWE_OE, over, 0, r);
      }
      case Op.DIVWEU, Op.DIVWEU_OE -> {
        long divisor = b & LOW;
        boolean over = divisor == 0 || (a & LOW) >= divisor;
        yield quotient(
            op == Op.DIVWEU_OE, over, 0, over ? 0 : Long.divideUnsigned(a << 32, divisor));
      }
      case Op.DIVDE, Op.DIVDE_OE -> divideExtended(op == Op.DIVDE_OE, a, b);
      default -> {
        boolean over = Long.compareUnsigned(a, b) >= 0;
        yield quotient(op == Op.DIVDEU_OE, over, 0, over ? 0 : Arith.divideExtendedUnsigned(a, b));
      }
    };
  }

  private long divideExtended(boolean record, long a, long b) {
    long dividend = Math.abs(a);
    long divisor = Math.abs(b);
    if (Long.compareUnsigned(dividend, divisor) >= 0) {
      return quotient(record, true, 0, 0);
    }
    long magnitude = Arith.divideExtendedUnsigned(dividend, divisor);
    boolean negative = (a ^ b) < 0;
    boolean over = negative ? Long.compareUnsigned(magnitude, 1L << 63) > 0 : magnitude < 0;
    return quotient(record, over, 0, negative ? -magnitude : magnitude);
  }

  private long quotient(boolean record, boolean over, long undefined, long quotient) {
    if (record) {
      s.overflow(over, over);
    }
    return over ? undefined : quotient;
  }

  private long logical(int op, long d, long pc) {
    long a = s.gpr[ra(d)];
    long b = s.gpr[rb(d)];
    return switch (op) {
      case Op.MODSW -> (int) b == 0 || (int) b == -1 ? 0 : (int) a % (int) b;
      case Op.MODUW -> (int) b == 0 ? 0 : (a & LOW) % (b & LOW);
      case Op.MODSD -> b == 0 || b == -1 ? 0 : a % b;
      case Op.MODUD -> b == 0 ? 0 : Long.remainderUnsigned(a, b);
      case Op.MADDHD -> Arith.multiplyAddHigh(a, b, s.gpr[field(d) >>> 6 & 31]);
      case Op.MADDHDU -> Arith.multiplyAddHighUnsigned(a, b, s.gpr[field(d) >>> 6 & 31]);
      case Op.MADDLD -> a * b + s.gpr[field(d) >>> 6 & 31];
      case Op.ADDPCIS -> pc + 4 + displacement(field(d));
      case Op.CNTTZW -> Integer.numberOfTrailingZeros((int) a);
      case Op.CNTTZD -> Long.numberOfTrailingZeros(a);
      case Op.POPCNTB -> Arith.countBytes(a);
      case Op.POPCNTW -> Arith.countWords(a);
      case Op.POPCNTD -> Long.bitCount(a);
      case Op.PRTYW -> Arith.parityWords(a);
      case Op.PRTYD -> Arith.parity(a);
      case Op.BPERMD -> Arith.permuteBits(a, b);
      case Op.EXTSWSLI -> (long) (int) a << field(d);
      case Op.SRAW -> s.shiftRightAlgebraicWord(a, (int) b & 63);
      case Op.SRAD -> s.shiftRightAlgebraic(a, (int) b & 127);
      case Op.RLDCL -> Long.rotateLeft(a, (int) b & 63) & -1L >>> field(d);
      case Op.RLDCR -> Long.rotateLeft(a, (int) b & 63) & -1L << (63 - field(d));
      case Op.DARN -> randomNumber(field(d) >>> 16 & 3);
      default -> condition(op, d, a, b);
    };
  }

  private long condition(int op, long d, long a, long b) {
    switch (op) {
      case Op.CMPRB -> {
        boolean two = (field(d) >>> 21 & 1) != 0;
        s.setCrField(rt(d), Arith.inByteRanges(a, b, two) ? 4 : 0);
      }
      case Op.CMPEQB -> s.setCrField(rt(d), Arith.containsByte(a, b) ? 4 : 0);
      case Op.MCRXRX -> s.setCrField(rt(d), s.ov << 3 | s.ov32 << 2 | s.ca << 1 | s.ca32);
      default -> {
        int tested = s.cr >>> (28 - 4 * (field(d) >>> 18 & 7)) & 15;
        return (tested & 8) != 0 ? -1 : (tested & 4) != 0 ? 1 : 0;
      }
    }
    return s.gpr[rt(d)];
  }

  private long randomNumber(int kind) {
    return kind == 3 ? -1 : kind == 0 ? random.nextLong() & LOW : random.nextLong();
  }

  /** addpcis scatters its sixteen bits over three fields. */
  private static long displacement(int word) {
    short d = (short) ((word & 0xffc0) | (word >>> 15 & 0x3e) | (word & 1));
    return (long) d << 16;
  }

  private long branchToTar(long d, long pc) {
    long target = s.tar & ~3L;
    boolean taken = s.branches(rt(d), rb(d));
    if (rc(d)) {
      s.lr = pc + 4;
    }
    s.pc = taken ? target : pc + 4;
    s.event = Event.CONTEXT;
    return s.gpr[rt(d)];
  }
}
