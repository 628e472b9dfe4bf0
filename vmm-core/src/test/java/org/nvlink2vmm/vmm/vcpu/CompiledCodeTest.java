package org.nvlink2vmm.vmm.vcpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What compiled blocks must see although they are compiled: changes, faults, interrupts. */
class CompiledCodeTest {
  private static final int ADDI_R3_1 = 0x38630001;
  private static final int ADDI_R3_100 = 0x38630064;
  private static final int STW_R4_R5 = 0x90850000;
  private static final int BDNZ = 0x42000000;
  private static final int NOP = 0x60000000;

  private final TestGuest guest = new TestGuest();

  private Vcpu run(ExecutionMode mode, long ctr) {
    guest.partition.executionMode(mode);
    guest.cpu.gpr(3, 0);
    guest.cpu.gpr(4, ADDI_R3_100);
    guest.cpu.ctr(ctr);
    return guest.run(0x1000);
  }

  private static int back(int words) {
    return BDNZ | (-4 * words & 0xfffc);
  }

  @ParameterizedTest
  @EnumSource(ExecutionMode.class)
  void aStoreIntoTheLoopThatExecutesItTakesEffectAtOnce(ExecutionMode mode) {
    guest.program(0x1000, ADDI_R3_1, STW_R4_R5, back(2));
    guest.cpu.gpr(5, 0x1000);
    assertThat(run(mode, 10).gpr(3)).isEqualTo(901);
  }

  @ParameterizedTest
  @EnumSource(ExecutionMode.class)
  void aStoreChangesTheInstructionBehindIt(ExecutionMode mode) {
    guest.program(0x1000, STW_R4_R5, ADDI_R3_1);
    guest.cpu.gpr(5, 0x1004);
    Vcpu cpu = run(mode, 0);
    assertThat(cpu.gpr(3)).isEqualTo(100);
    assertThat(cpu.instructions()).isEqualTo(3);
  }

  @ParameterizedTest
  @EnumSource(ExecutionMode.class)
  void aStoreThatUpdatesItsBaseDoesSoThoughItChangesTheBlock(ExecutionMode mode) {
    // stwu r4,4(r5), twice: the two instructions behind them are replaced.
    guest.program(0x1000, 0x94850004, 0x94850004, ADDI_R3_1, ADDI_R3_1);
    guest.cpu.gpr(5, 0x1004);
    Vcpu cpu = run(mode, 0);
    assertThat(cpu.gpr(3)).isEqualTo(200);
    assertThat(cpu.gpr(5)).isEqualTo(0x100c);
  }

  @Test
  void bytesThatAreNotTheProcessorsOwnDropABlockWhenItIsTold() {
    guest.program(0x1000, ADDI_R3_1, back(1));
    assertThat(run(ExecutionMode.COMPILE, 10).gpr(3)).isEqualTo(10);
    guest.space.write(0x1000, 4, ADDI_R3_100, ByteOrder.BIG_ENDIAN);
    guest.partition.written(0x1000, 4);
    assertThat(run(ExecutionMode.COMPILE, 10).gpr(3)).isEqualTo(1000);
  }

  @Test
  void codeThatChangesAllTheTimeIsLeftToTheInterpreter() {
    // Exchanges the words of r4 and r6 at r5, so that every round changes what it executed.
    guest.program(0x1000, ADDI_R3_1, STW_R4_R5, 0x7c872378, 0x7cc43378, 0x7ce63b78, back(5));
    guest.cpu.gpr(5, 0x1000);
    guest.cpu.gpr(6, ADDI_R3_1);
    assertThat(run(ExecutionMode.COMPILE, 1001).gpr(3)).isEqualTo(501 + 50_000);
    assertThat(guest.partition.compiledBlocks()).isBetween(10L, 200L);
  }

  @Test
  void aFaultInTheMiddleOfABlockFindsWhatCameBeforeItDone() {
    // addi; lwz r7,0(r8) without translation; addi. At 0x300: mfsrr0 r9.
    guest.program(0x1000, 0x7d400164, ADDI_R3_1, ADDI_R3_1, 0x80e80000, ADDI_R3_1);
    guest.program(0x300, 0x7d3a02a6);
    guest.cpu.gpr(7, 77);
    guest.cpu.gpr(8, 0x123456);
    guest.cpu.gpr(10, Msr.SF | Msr.ME | Msr.DR);
    Vcpu cpu = run(ExecutionMode.COMPILE, 0);
    assertThat(guest.partition.compiledBlocks()).isPositive();
    assertThat(cpu.gpr(3)).isEqualTo(2);
    assertThat(cpu.gpr(7)).isEqualTo(77);
    assertThat(cpu.gpr(9)).isEqualTo(0x100c);
    assertThat(cpu.dar()).isEqualTo(0x123456);
    assertThat(cpu.instructions()).isEqualTo(5);
  }

  @ParameterizedTest
  @EnumSource(ExecutionMode.class)
  void theDecrementerEndsALoopWithoutEnd(ExecutionMode mode) {
    AtomicLong clock = new AtomicLong();
    Partition partition = new Partition(guest.space, TestGuest.RAM, clock::getAndIncrement);
    partition.executionMode(mode);
    Vcpu cpu = partition.add(Vcpu::stop);
    // li r4,2000; mtdec r4; mtmsrd r10; then addi and back to it.
    guest.program(0x1000, 0x388007d0, 0x7c9603a6, 0x7d400164, ADDI_R3_1, 0x4bfffffc);
    guest.program(0x900, 0x7d3a02a6);
    cpu.gpr(10, Msr.SF | Msr.ME | Msr.EE);
    cpu.reset(0x1000, false);
    cpu.run();
    assertThat(cpu.pc()).isEqualTo(0x908);
    assertThat(cpu.gpr(9)).isBetween(0x100cL, 0x1010L);
    // Instructions are counted exactly: three at first, two a round, three in the handler.
    assertThat(cpu.instructions() - 5).isBetween(2 * cpu.gpr(3) - 1, 2 * cpu.gpr(3));
  }

  @Test
  void theProfileFindsTheLoopAndLeavesTheRest() {
    guest.program(0x1000, NOP, NOP, ADDI_R3_1, back(1));
    Vcpu cpu = run(ExecutionMode.AUTO, 1_000_000);
    assertThat(cpu.gpr(3)).isEqualTo(1_000_000);
    assertThat(cpu.instructions()).isEqualTo(2_000_003);
    assertThat(guest.partition.compiledBlocks()).isEqualTo(1);
  }

  @Test
  void aSingleStepInterpretsWhereABlockBegins() {
    guest.program(0x1000, ADDI_R3_1, back(1));
    run(ExecutionMode.COMPILE, 10);
    guest.cpu.pc(0x1000);
    guest.cpu.ctr(5);
    guest.cpu.step();
    assertThat(guest.cpu.pc()).isEqualTo(0x1004);
    assertThat(guest.cpu.gpr(3)).isEqualTo(11);
    guest.cpu.step();
    assertThat(guest.cpu.pc()).isEqualTo(0x1000);
  }

  @Test
  void theInterpreterAloneCompilesNothingAndUsesNothingCompiled() {
    guest.program(0x1000, ADDI_R3_1, back(1));
    run(ExecutionMode.COMPILE, 10);
    long compiled = guest.partition.compiledBlocks();
    assertThat(run(ExecutionMode.INTERPRET, 1_000_000).gpr(3)).isEqualTo(1_000_000);
    assertThat(guest.partition.compiledBlocks()).isEqualTo(compiled);
    CodePage page = guest.partition.codeCache().page(0x1000, false, true);
    assertThat(page.isCompiled(0)).isFalse();
    assertThat(page.block(0)).isNull();
  }

  @Test
  void aFullCacheIsEmptiedAndFillsAgain() {
    CodeCache cache = guest.partition.codeCache();
    CompiledCode code = new CompiledCode(cache, 4);
    guest.program(0x1000, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP);
    CodePage page = cache.page(0x1000, false, true);
    for (int i = 0; i < 7; i++) {
      code.compile(page, i);
    }
    assertThat(code.compiled()).isEqualTo(7);
    assertThat(code.emptied()).isEqualTo(1);
    for (int i = 0; i < 7; i++) {
      assertThat(page.isCompiled(i)).as("word %d", i).isEqualTo(i >= 4);
    }
  }

  @Test
  void anInstructionOfTheInterpretersIsNotCompiled() {
    guest.program(0x1000);
    CodePage page = guest.partition.codeCache().page(0x1000, false, true);
    guest.partition.compiledCode().compile(page, 0);
    assertThat(page.isCompiled(0)).isFalse();
    assertThat(page.hasGivenUp(0)).isTrue();
  }
}
