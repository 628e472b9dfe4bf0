package org.nvlink2vmm.vmm.vcpu;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Special purpose registers as mfspr and mtspr see them. Those without an effect on this model are
 * plain storage; those that do not exist are ignored by the kernel's accesses and counted.
 */
final class Registers {
  /** POWER9 Nimbus DD2.3, as QEMU's "power9" and the machines that carry NVLink2. */
  static final long POWER9 = 0x004e1203L;

  /** Registers that are no more than a place to keep a value. */
  private static final int[] PLAIN = {
    Spr.DSCR,
    Spr.AMR,
    Spr.IAMR,
    Spr.PID,
    Spr.CFAR,
    Spr.CTRL,
    Spr.FSCR,
    Spr.UAMOR,
    Spr.PSPB,
    Spr.DPDES,
    Spr.VRSAVE,
    272,
    273,
    274,
    275,
    Spr.TIR,
    Spr.PPR,
    128,
    129,
    130,
    131,
    768,
    769,
    770,
    771,
    772,
    773,
    774,
    775,
    776,
    779,
    780,
    781,
    782,
    784,
    785,
    786,
    787,
    788,
    789,
    790,
    791,
    792,
    795,
    796,
    797,
    798,
    800,
    801,
    802,
    803,
    804,
    805,
    806,
    808,
    809,
    810,
    811,
    816,
    848,
    849,
    855,
    823,
    895,
    882
  };

  private final CpuState s;
  private final TimeBase timeBase;
  private final BitSet known = new BitSet(1024);

  /** Accesses to registers that this model does not have, by number. */
  final int[] unknownAccesses = new int[1024];

  Registers(CpuState state, TimeBase timeBase) {
    this.s = state;
    this.timeBase = timeBase;
    Arrays.stream(PLAIN).forEach(known::set);
    for (int number :
        new int[] {
          Spr.XER, Spr.DSCR_USER, Spr.LR, Spr.CTR, Spr.AMR_USER, Spr.DSISR, Spr.DAR, Spr.DEC,
          Spr.SRR0, Spr.SRR1, Spr.CTRL_READ, Spr.SPRG3_USER, Spr.TB, Spr.TBU, Spr.PVR, Spr.PPR32,
          Spr.TAR
        }) {
      known.set(number);
    }
    s.spr[Spr.CTRL] = 1;
  }

  boolean exists(int number) {
    if (!known.get(number)) {
      unknownAccesses[number]++;
      return false;
    }
    return true;
  }

  long read(int number) {
    return switch (number) {
      case Spr.XER -> s.xer();
      case Spr.LR -> s.lr;
      case Spr.CTR -> s.ctr;
      case Spr.DSCR_USER -> s.spr[Spr.DSCR];
      case Spr.AMR_USER -> s.spr[Spr.AMR];
      case Spr.DSISR -> s.dsisr;
      case Spr.DAR -> s.dar;
      case Spr.DEC -> decrementer();
      case Spr.SRR0 -> s.srr0;
      case Spr.SRR1 -> s.srr1;
      case Spr.CTRL_READ -> s.spr[Spr.CTRL];
      case Spr.SPRG3_USER -> s.spr[Spr.SPRG3];
      case Spr.TB -> timeBase.ticks();
      case Spr.TBU -> timeBase.ticks() >>> 32;
      case Spr.PVR -> POWER9;
      case Spr.PPR32 -> s.spr[Spr.PPR] >>> 32;
      case Spr.TAR -> s.tar;
      default -> s.spr[number];
    };
  }

  void write(int number, long value) {
    switch (number) {
      case Spr.XER -> s.xer(value);
      case Spr.LR -> s.lr = value;
      case Spr.CTR -> s.ctr = value;
      case Spr.DSCR_USER -> s.spr[Spr.DSCR] = value;
      case Spr.AMR_USER -> s.spr[Spr.AMR] = value;
      case Spr.DSISR -> s.dsisr = value & 0xffffffffL;
      case Spr.DAR -> s.dar = value;
      // Large decrementer: 56 bits, as "ibm,dec-bits" promises.
      case Spr.DEC -> s.decrementerEnd = timeBase.ticks() + (value << 8 >> 8);
      case Spr.SRR0 -> s.srr0 = value;
      case Spr.SRR1 -> s.srr1 = value;
      case Spr.TAR -> s.tar = value;
      case Spr.PPR32 -> s.spr[Spr.PPR] = value << 32;
      case Spr.CTRL_READ, Spr.SPRG3_USER, Spr.TB, Spr.TBU, Spr.PVR, Spr.TIR -> {}
      default -> {
        if (exists(number)) {
          s.spr[number] = value;
        }
      }
    }
  }

  /** Ticks left; negative once it has run out. */
  long decrementer() {
    return s.decrementerEnd - timeBase.ticks();
  }
}
