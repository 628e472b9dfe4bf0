package org.nvlink2vmm.v100;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.v100.config.V100ConfigSpace;
import org.nvlink2vmm.v100.ram.GpuRam;
import org.nvlink2vmm.v100.regs.Bar0;
import org.nvlink2vmm.v100.regs.Interrupts;
import org.nvlink2vmm.v100.regs.UnmodelledCount;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.pci.ConfigSpace;

/** The timer's alarm on its way through PTIMER and PMC to the function's interrupt. */
final class InterruptsTest implements InterruptSink {
  private static final int COMMAND = 0x04;
  private static final int STATUS = 0x06;
  private static final int MSI_FLAGS = 0x6a;
  private static final int PMC_INTR = 0x100;
  private static final int PMC_EN = 0x140;
  private static final int PMC_EN_SET = 0x160;
  private static final int PMC_EN_CLEAR = 0x180;
  private static final int PTIMER_INTR = 0x9100;
  private static final int PTIMER_EN = 0x9140;
  private static final int PTIMER_ALARM = 0x9420;
  private static final int TIMER = 1 << 20;

  private static final UnmodelledCount NOT_COUNTED =
      new UnmodelledCount() {
        @Override
        public void read(int offset, int size) {}

        @Override
        public void write(int offset, int size, int value) {}
      };

  private final AtomicLong now = new AtomicLong(0x1_0000_0040L);
  private final ConfigSpace config = V100ConfigSpace.of(V100Model.SXM2_16GB);
  private final InterruptOutput output = new InterruptOutput(config);
  private final List<Long> delays = new ArrayList<>();
  private final List<Runnable> alarms = new ArrayList<>();
  private final List<String> events = new ArrayList<>();
  private final Interrupts interrupts = new Interrupts(now::get, this::after, this::follow);
  private final Bar0 registers =
      new Bar0(config, new GpuRam("ram", 1 << 20), now::get, interrupts, NOT_COUNTED);

  InterruptsTest() {
    output.connect(this);
  }

  private void after(long nanos, Runnable action) {
    delays.add(nanos);
    alarms.add(action);
  }

  private void follow() {
    output.ask(interrupts.up());
  }

  @Override
  public void trigger(int index, int vector) {
    events.add(index == 0 ? "up" : "message " + vector);
  }

  @Override
  public void lower() {
    events.add("down");
  }

  private void write(int register, int value) {
    registers.write(register, 4, value);
  }

  private void armAndRing() {
    write(PTIMER_EN, 1);
    write(PMC_EN_SET, TIMER);
    write(PTIMER_ALARM, 0x1040);
    alarms.getLast().run();
  }

  @Test
  void theAlarmRaisesThePinUntilItIsAcknowledged() {
    armAndRing();
    assertThat(delays).containsExactly(0x1000L);
    assertThat(events).containsExactly("up");
    assertThat(registers.read(PTIMER_INTR, 4)).isEqualTo(1);
    assertThat(registers.read(PMC_INTR, 4)).isEqualTo(TIMER);
    assertThat(config.read(STATUS, 2) & 8).isEqualTo(8);
    write(PTIMER_INTR, 1);
    assertThat(events).containsExactly("up", "down");
    assertThat(registers.read(PMC_INTR, 4)).isZero();
    assertThat(config.read(STATUS, 2) & 8).isZero();
  }

  @Test
  void anAlarmInThePastIsOneInTheNextRound() {
    write(PTIMER_ALARM, 0x20);
    assertThat(delays).containsExactly(0xffff_ffe0L);
  }

  @Test
  void anAlarmThatIsSetAnewDoesNotRing() {
    write(PTIMER_EN, 1);
    write(PMC_EN_SET, TIMER);
    write(PTIMER_ALARM, 0x1000);
    write(PTIMER_ALARM, 0x2000);
    alarms.getFirst().run();
    assertThat(events).isEmpty();
    alarms.getLast().run();
    assertThat(events).containsExactly("up");
  }

  @Test
  void eachGateHoldsItBackAndLetsItThroughLater() {
    write(PTIMER_ALARM, 0x1000);
    alarms.getLast().run();
    assertThat(registers.read(PTIMER_INTR, 4)).isEqualTo(1);
    write(PMC_EN_SET, TIMER);
    assertThat(registers.read(PMC_INTR, 4)).isZero();
    write(PTIMER_EN, 1);
    assertThat(events).containsExactly("up");
    write(PMC_EN_CLEAR, TIMER);
    assertThat(events).containsExactly("up", "down");
    assertThat(registers.read(PMC_EN, 4)).isZero();
  }

  @Test
  void commandDisablesThePinAndGivesItBack() {
    config.write(COMMAND, 2, 0x400);
    armAndRing();
    assertThat(events).isEmpty();
    config.write(COMMAND, 2, 0);
    assertThat(events).containsExactly("up");
    config.write(COMMAND + 1, 1, 4);
    assertThat(events).containsExactly("up", "down");
  }

  @Test
  void withMsiEachRiseIsOneMessage() {
    config.write(MSI_FLAGS, 2, 1);
    armAndRing();
    assertThat(events).containsExactly("message 0");
    write(PTIMER_ALARM, 0x3000);
    alarms.getLast().run();
    assertThat(events).hasSize(1);
    write(PTIMER_INTR, 1);
    alarms.getLast().run();
    assertThat(events).containsExactly("message 0", "message 0");
  }

  @Test
  void aResetTakesAllAway() {
    armAndRing();
    registers.reset();
    assertThat(events).containsExactly("up", "down");
    assertThat(registers.read(PMC_EN, 4)).isZero();
    assertThat(registers.read(PTIMER_EN, 4)).isZero();
  }
}
