package org.nvlink2vmm.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DebugPortTest {
  private static final int NOP = 0x60000000;

  private final TestGuest guest = new TestGuest();
  private final DebugPort debug = guest.cpu.debug();

  @Test
  void observersSeeEveryInstructionInTheOrderInWhichTheyCame() {
    List<String> seen = new ArrayList<>();
    InstructionTrace first = vcpu -> seen.add("first " + Long.toHexString(vcpu.pc()));
    debug.add(first);
    debug.add(first);
    debug.add(
        vcpu -> {
          seen.add("second " + Long.toHexString(vcpu.pc()));
          debug.remove(first);
        });
    guest.program(0x1000, NOP).run(0x1000);
    assertThat(seen).containsExactly("first 1000", "second 1000", "second 1004");
  }

  @Test
  void memoryIsReadUpToWhereItEndsAndWrittenAsAWholeOrNotAtAll() {
    byte[] bytes = new byte[8];
    assertThat(debug.read(TestGuest.RAM - 3, MemorySegment.ofArray(bytes))).isEqualTo(3);
    assertThat(debug.write(TestGuest.RAM - 3, MemorySegment.ofArray(bytes))).isFalse();
    bytes[7] = 1;
    assertThat(debug.write(0xffc, MemorySegment.ofArray(bytes))).isTrue();
    assertThat(debug.word(0x1000)).isEqualTo(1);
    assertThat(debug.doubleword(0xffc, ByteOrder.BIG_ENDIAN, -1)).isEqualTo(-1);
    assertThat(debug.doubleword(0x1000, ByteOrder.BIG_ENDIAN, -1)).isEqualTo(1L << 32);
    assertThat(debug.word(TestGuest.RAM)).isEqualTo(-1);
  }

  @Test
  void aWordThatTheDebuggerReplacedIsExecuted() {
    guest.program(0x1000, NOP, NOP).run(0x1000);
    // li r3,5, big-endian.
    byte[] word = {0x38, 0x60, 0, 5};
    assertThat(debug.write(0x1004, MemorySegment.ofArray(word))).isTrue();
    assertThat(guest.run(0x1000).gpr(3)).isEqualTo(5);
  }

  @Test
  void interruptsAreRememberedAndOneThatRepeatsIsCounted() {
    // Illegal; its handler adds 4 to SRR0 and returns: mfsrr0 r5; addi r5,r5,4; mtsrr0 r5; rfid.
    guest.program(0x700, 0x7cba02a6, 0x38a50004, 0x7cba03a6, 0x4c000024);
    guest.program(0x1000, 0, 0, NOP).run(0x1000);
    assertThat(debug.interrupts())
        .containsExactly(
            new DebugPort.Interrupt(0x700, 0x1000, 0, 1),
            new DebugPort.Interrupt(0x700, 0x1004, 0, 1));
  }

  @Test
  void aBranchToItselfIsStuckUntilAnInterruptMayComeOrItIsLed() {
    List<Long> stuckAt = new ArrayList<>();
    guest.partition.whenStuck(
        () -> {
          stuckAt.add(guest.cpu.pc());
          guest.cpu.pc(0x1008);
        });
    guest.program(0x1000, NOP, 0x48000000).run(0x1000);
    assertThat(stuckAt).containsExactly(0x1004L);
    assertThat(guest.cpu.stuck()).isFalse();
  }
}
