package org.nvlink2vmm.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class VcpuTest {
  private static final int LI_R3_5 = 0x38600005;
  private static final int ADD_R3_R3_R3 = 0x7c631a14;
  private static final int RFID = 0x4c000024;

  private final TestGuest guest = new TestGuest();

  @Test
  void executesUntilAHypercall() {
    Vcpu cpu = guest.program(0x1000, LI_R3_5, ADD_R3_R3_R3).run(0x1000);
    assertThat(cpu.gpr(3)).isEqualTo(10);
    assertThat(cpu.pc()).isEqualTo(0x100c);
    assertThat(cpu.instructions()).isEqualTo(3);
  }

  @Test
  void executionGoesOnInTheNextPage() {
    Vcpu cpu = guest.program(0x1ffc, LI_R3_5, ADD_R3_R3_R3).run(0x1ffc);
    assertThat(cpu.gpr(3)).isEqualTo(10);
  }

  @Test
  void littleEndianWordsAreInstructionsInLittleEndianMode() {
    guest.space.write(0x1000, 4, LI_R3_5, ByteOrder.LITTLE_ENDIAN);
    guest.space.write(0x1004, 4, TestGuest.HYPERCALL, ByteOrder.LITTLE_ENDIAN);
    guest.cpu.reset(0x1000, true);
    guest.cpu.run();
    assertThat(guest.cpu.gpr(3)).isEqualTo(5);
  }

  @Test
  void aChangedInstructionIsSeen() {
    // lwz r4,0(r5); stw r4,0(r6); b +4, then the word that the store replaced.
    guest.program(0x1000, 0x80850000, 0x90860000, 0x48000004, 0x38600001);
    guest.cpu.gpr(5, 0x2000);
    guest.cpu.gpr(6, 0x100c);
    guest.space.write(0x2000, 4, 0x38600007, ByteOrder.BIG_ENDIAN);
    guest.run(0x1000);
    assertThat(guest.cpu.gpr(3)).isEqualTo(7);
  }

  @Test
  void anIllegalInstructionIsAProgramInterruptAndNamed() {
    guest.program(0x1000, 0);
    guest.program(0x700);
    Vcpu cpu = guest.run(0x1000);
    assertThat(cpu.pc()).isEqualTo(0x704);
    assertThat(cpu.illegalInstructions())
        .isEqualTo(new Vcpu.IllegalInstructions(1, 0x1000, 0, 0x1000, 0));
  }

  @Test
  void aFloatingPointInstructionFindsItsUnitUnavailable() {
    // lfd f1,0(r1)
    guest.program(0x1000, 0xc8210000);
    guest.program(0x800);
    assertThat(guest.run(0x1000).pc()).isEqualTo(0x804);
  }

  /** mfmsr r4; oris r4,r4,0x200; mtmsrd r4: the vector unit is switched on. */
  private static final int[] VECTOR_ON = {0x7c8000a6, 0x64840200, 0x7c800164};

  @Test
  void vectorRegistersMoveSixteenBytesOnceTheyAreSwitchedOn() {
    // lvx v1,0,r5; stvx v1,0,r6, both at addresses that are rounded down
    guest.program(0x1000, VECTOR_ON[0], VECTOR_ON[1], VECTOR_ON[2], 0x7c2028ce, 0x7c2031ce);
    guest.space.write(0x2000, 8, 0x1122334455667788L, ByteOrder.BIG_ENDIAN);
    guest.space.write(0x2008, 8, 0x99aabbccddeeff00L, ByteOrder.BIG_ENDIAN);
    guest.cpu.gpr(5, 0x2007);
    guest.cpu.gpr(6, 0x300f);
    guest.run(0x1000);
    assertThat(guest.space.read(0x3000, 8, ByteOrder.BIG_ENDIAN)).isEqualTo(0x1122334455667788L);
    assertThat(guest.space.read(0x3008, 8, ByteOrder.BIG_ENDIAN)).isEqualTo(0x99aabbccddeeff00L);
  }

  @Test
  void vectorRegistersAreUnavailableUntilThen() {
    guest.program(0x1000, 0x7c2028ce);
    guest.program(0xf20);
    assertThat(guest.run(0x1000).pc()).isEqualTo(0xf24);
  }

  @Test
  void vectorArithmeticIsIllegalEvenThen() {
    // vaddubm v1,v2,v3
    guest.program(0x1000, VECTOR_ON[0], VECTOR_ON[1], VECTOR_ON[2], 0x10221800);
    guest.program(0x700);
    assertThat(guest.run(0x1000).pc()).isEqualTo(0x704);
  }

  @Test
  void aTrapSavesWhereAndWhy() {
    // tweq r0,r0
    guest.program(0x1000, 0x7c800008);
    // mfsrr0 r3; mfsrr1 r4
    guest.program(0x700, 0x7c7a02a6, 0x7c9b02a6);
    Vcpu cpu = guest.run(0x1000);
    assertThat(cpu.gpr(3)).isEqualTo(0x1000);
    assertThat(cpu.gpr(4) & 0x783f0000L).isEqualTo(0x20000);
  }

  @Test
  void theDecrementerInterruptsOnceItIsNegativeAndEnabled() {
    // li r3,100; mtdec r3; mfmsr r4; ori r4,r4,0x8000; mtmsrd r4; b .
    guest.program(0x1000, 0x38600064, 0x7c7603a6, 0x7c8000a6, 0x60848000, 0x7c800164, 0x48000000);
    guest.program(0x900);
    guest
        .cpu
        .debug()
        .add(
            cpu -> {
              if (cpu.pc() == 0x1014) {
                guest.clock.set(200);
              }
            });
    assertThat(guest.run(0x1000).pc()).isEqualTo(0x904);
  }

  @Test
  void anExternalInterruptWaitsForItsEnabling() {
    guest.program(0x1000, LI_R3_5, 0x7c8000a6, 0x60848000, 0x7c800164);
    guest.program(0x500);
    guest.cpu.external(true);
    Vcpu cpu = guest.run(0x1000);
    assertThat(cpu.gpr(3)).isEqualTo(5);
    assertThat(cpu.pc()).isEqualTo(0x504);
  }

  @Test
  void aStoreConditionalFailsWhenTheWordHasChanged() {
    // lwarx r3,0,r5; stw r6,0(r5); stwcx. r7,0,r5; mfcr r8
    guest.program(0x1000, 0x7c602828, 0x90c50000, 0x7ce0292d, 0x7d000026);
    guest.cpu.gpr(5, 0x2000);
    guest.cpu.gpr(6, 1);
    guest.cpu.gpr(7, 2);
    guest.run(0x1000);
    assertThat(guest.cpu.gpr(8) >>> 28).isZero();
    assertThat(guest.space.read(0x2000, 4, ByteOrder.BIG_ENDIAN)).isEqualTo(1);
  }

  @Test
  void aStoreConditionalSucceedsWhenNothingCameBetween() {
    guest.program(0x1000, 0x7c602828, 0x7ce0292d, 0x7d000026);
    guest.cpu.gpr(5, 0x2000);
    guest.cpu.gpr(7, 2);
    guest.run(0x1000);
    assertThat(guest.cpu.gpr(8) >>> 28).isEqualTo(2);
    assertThat(guest.space.read(0x2000, 4, ByteOrder.BIG_ENDIAN)).isEqualTo(2);
  }

  @Test
  void accessesOutsideMemoryReadOnesAndLoseWrites() {
    // ld r3,0(r5); std r3,0(r5)
    guest.program(0x1000, 0xe8650000, 0xf8650000);
    guest.cpu.gpr(5, 0x4000_0000_0000L);
    guest.run(0x1000);
    assertThat(guest.cpu.gpr(3)).isEqualTo(-1);
  }

  @Test
  void problemStateMayNotUsePrivilegedInstructions() {
    // mtsrr0 r3; mtsrr1 r4; rfid, into problem state; translation is off the map, so it faults.
    guest.program(0x1000, 0x7c7a03a6, 0x7c9b03a6, RFID);
    guest.program(0x400);
    guest.cpu.gpr(3, 0x2000);
    guest.cpu.gpr(4, 1L << 63 | 1L << 14);
    Vcpu cpu = guest.run(0x1000);
    assertThat(cpu.pc()).isEqualTo(0x404);
    assertThat(cpu.problemState()).isFalse();
  }
}
