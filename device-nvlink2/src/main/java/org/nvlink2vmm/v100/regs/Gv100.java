package org.nvlink2vmm.v100.regs;

import java.util.function.LongSupplier;

/**
 * The registers of a GV100 that need no engine, one a line (NVIDIA open-gpu-doc manuals/volta/gv100
 * and swref; nouveau nvkm/engine/device/base.c for fuse and strap). Reset values are those of an
 * idle board.
 */
final class Gv100 {
  /** BAR0_WINDOW: what PRAMIN shows. */
  static final int BAR0_WINDOW = 0x001700;

  /** NVLink isolation mask, links in bits 21:16 (a host kernel's multi-tenant sequence). */
  static final int LINK_ISOLATION = 0xa00148;

  private static final int PAGE = 0x1000;
  private static final int ALL = -1;

  private Gv100() {}

  static RegisterBank pmc(UnmodelledCount unmodelled, Interrupts interrupts) {
    RegisterBank bank =
        new RegisterBank("PMC", 0, PAGE, unmodelled)
            .constant(0x000000, 0x140000a1) // PMC_BOOT_0
            .constant(0x000004, 0) // PMC_BOOT_1: little-endian, not virtual
            .constant(0x000008, 0) // PMC_BOOT_2
            .constant(0x0001a0, 0) // INTR_SW
            .constant(0x0001c0, 0) // INTR_LTC
            .constant(0x0001d0, 0) // INTR_FBPA
            .storage(0x000200, 0x40000121, ALL) // PMC_ENABLE, as a cold board
            .storage(0x000204, 0x3fff, 0x3fff) // PMC_ENABLE_PB
            .constant(0x000a00, 0x140a1000); // PMC_BOOT_42
    for (int i = 0; i < Interrupts.WORDS; i++) {
      int word = i;
      bank.computed(Interrupts.PMC_INTR + 4 * i, () -> interrupts.pending(word), value -> {})
          .enables(Interrupts.PMC_INTR_EN + 4 * i, 0x000160 + 4 * i, 0x000180 + 4 * i);
    }
    return bank;
  }

  static RegisterBank pbus(UnmodelledCount unmodelled) {
    return new RegisterBank("PBUS", 0x1000, PAGE, unmodelled)
        .clearOnOne(0x001100) // INTR_0
        .storage(0x001140, 0, ALL) // INTR_EN_0
        .storage(0x001144, 0, ALL) // INTR_EN_1
        .storageRow(0x001580, 32, ALL) // scratch
        .storage(BAR0_WINDOW, 0, 0x03ffffff)
        .storage(0x001704, 0, ALL) // BAR1_BLOCK
        .constant(0x001710, 0) // BIND_STATUS
        .storage(0x001714, 0, ALL); // BAR2_BLOCK
  }

  static RegisterBank ptimer(UnmodelledCount unmodelled, LongSupplier nanoClock) {
    return new RegisterBank("PTIMER", 0x9000, PAGE, unmodelled)
        .storage(0x009080, 0x80000100, ALL) // PRI_TIMEOUT
        .storageRow(0x009084, 4, ALL) // PRI_TIMEOUT_SAVE_0..2, error code
        .clearOnOne(Interrupts.PTIMER_INTR) // INTR_0
        .storage(Interrupts.PTIMER_INTR_EN, 0, 0x3) // INTR_EN_0
        .computed(0x009400, () -> low(nanoClock), value -> {}) // TIME_0
        .computed(0x009410, () -> high(nanoClock), value -> {}) // TIME_1
        .storage(Interrupts.PTIMER_ALARM, 0, ALL) // ALARM_0
        .storage(0x009428, 0, ALL) // TIMER_0
        .storage(0x009430, 0, ALL) // TIME_PRIV
        .storage(0x009480, 5, ALL); // GR_TICK_FREQ
  }

  /** The low word counts in steps of 32 ns. */
  private static int low(LongSupplier nanoClock) {
    return (int) nanoClock.getAsLong() & ~0x1f;
  }

  private static int high(LongSupplier nanoClock) {
    return (int) (nanoClock.getAsLong() >>> 32) & 0x1fffffff;
  }

  static RegisterBank fuse(UnmodelledCount unmodelled) {
    return new RegisterBank("FUSE", 0x21000, PAGE, unmodelled)
        .constant(0x021c04, 1); // the board has no display
  }

  /** Counts of a V100 SXM2: 6 GPCs of 7 TPCs, 8 framebuffer partitions. */
  static RegisterBank ptop(UnmodelledCount unmodelled) {
    RegisterBank bank =
        new RegisterBank("PTOP", 0x22000, PAGE, unmodelled)
            .constant(0x022430, 6) // GPCs
            .constant(0x022434, 7) // TPCs a GPC
            .constant(0x022438, 8) // FBPs
            .constant(0x02243c, 16) // FBPAs
            .constant(0x022450, 2) // LTCs a FBP
            .constant(0x022454, 16) // LTCs
            .constant(0x022458, 2) // FBPAs a FBP
            .constant(0x02245c, 4); // slices a LTC
    for (int i = 0; i < 64; i++) {
      bank.constant(0x022700 + 4 * i, 0); // DEVICE_INFO: kind 0, no engine
    }
    return bank;
  }

  static RegisterBank mmu(UnmodelledCount unmodelled) {
    return new RegisterBank("PFB", 0x100000, PAGE, unmodelled)
        .storage(0x100cbc, 0, 0x7fffffff); // MMU invalidate; the trigger bit reads done
  }

  static RegisterBank strap(UnmodelledCount unmodelled) {
    return new RegisterBank("PEXTDEV", 0x101000, PAGE, unmodelled)
        .constant(0x101000, 0x00400000); // 27 MHz crystal
  }

  static RegisterBank isolation(UnmodelledCount unmodelled, int base, int register) {
    return new RegisterBank("NVLINK_PRI", base, PAGE, unmodelled).storage(register, 0, ALL);
  }

  static RegisterBank linkIsolation(UnmodelledCount unmodelled) {
    return new RegisterBank("NVLINK", 0xa00000, PAGE, unmodelled)
        .storage(LINK_ISOLATION, 0, 0x003f0000);
  }

  static RegisterBank displayRom(UnmodelledCount unmodelled) {
    return new RegisterBank("PDISP", 0x625000, PAGE, unmodelled)
        .constant(0x625f04, 0); // no VBIOS in video memory
  }

  static RegisterBank usermode(UnmodelledCount unmodelled, LongSupplier nanoClock) {
    return new RegisterBank("USERMODE", 0x810000, 0x10000, unmodelled)
        .constant(0x810000, 0xc361) // CFG0: the class
        .computed(0x810080, () -> low(nanoClock), value -> {}) // TIME_0
        .computed(0x810084, () -> high(nanoClock), value -> {}) // TIME_1
        .computed(0x810090, () -> 0, value -> {}); // doorbell, no channel listens
  }
}
