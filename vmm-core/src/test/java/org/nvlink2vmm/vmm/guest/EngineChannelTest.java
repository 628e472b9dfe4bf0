package org.nvlink2vmm.vmm.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.guest.EngineChannel.Counters;
import org.nvlink2vmm.vmm.guest.EngineChannel.Outcome;

class EngineChannelTest {
  private static final long AT = 0x2_0000_0000L;
  private static final long DONE = 1 << 30;

  private final ScriptedMachine machine = new ScriptedMachine();
  private final EngineChannel channel = new EngineChannel(machine, AT);
  private int looks;

  private void answers(int register, long value) {
    machine.registers.put(AT + register, () -> value);
  }

  @Test
  void aCopyIsDescribedBeforeItIsAskedFor() {
    answers(0x34, DONE);
    assertThat(channel.copy(7, 0x1_2345_6789L, 0xabcd_0000_0010L, 0x400)).isEqualTo(Outcome.OK);
    assertThat(machine.stores)
        .containsExactly(
            "200000018=23456789",
            "20000001c=1",
            "200000010=7",
            "200000020=10",
            "200000024=abcd",
            "200000028=400",
            "200000030=1");
  }

  @Test
  void aFillAndAComparisonHaveTheirOwnOperands() {
    answers(0x34, DONE);
    channel.fill(1, 0x1000, 8, -2);
    assertThat(machine.stores).contains("20000002c=fffffffffffffffe").endsWith("200000030=2");
    channel.compare(1, 0x2000, 0x1000, 8);
    assertThat(machine.stores).contains("200000018=2000").endsWith("200000030=3");
  }

  @Test
  void theOutcomeIsWhatTheStatusSaysOnceItIsDone() {
    List<Outcome> outcomes =
        List.of(
            Outcome.OK, Outcome.FAULTED, Outcome.DIFFERS, Outcome.BAD_COMMAND, Outcome.UNREACHABLE);
    for (int code = 0; code < 16; code++) {
      answers(0x34, DONE | code);
      Outcome expected = code < outcomes.size() ? outcomes.get(code) : Outcome.STUCK;
      assertThat(channel.fill(1, 0, 8, 0)).as("code %d", code).isEqualTo(expected);
    }
  }

  @Test
  void aBusyChannelIsWaitedFor() {
    machine.registers.put(AT + 0x34, () -> ++looks < 4 ? 2 : DONE | 2);
    assertThat(channel.fill(1, 0, 8, 0)).isEqualTo(Outcome.DIFFERS);
    assertThat(looks).isEqualTo(4);
  }

  @Test
  void aChannelThatIsNeverDoneIsGivenUp() {
    answers(0x34, 0);
    assertThat(channel.fill(1, 0, 8, 0)).isEqualTo(Outcome.STUCK);
  }

  @Test
  void troubleNamesReasonAndPlace() {
    answers(0x38, 3);
    answers(0x40, 0x9000_0000L);
    answers(0x44, 0x7fff);
    assertThat(channel.trouble()).isEqualTo("fault 3 at 0x7fff90000000");
  }

  @Test
  void countersAreDifferencesThatSurviveTheirWrap() {
    answers(0x48, 5);
    answers(0x4c, 2);
    answers(0x50, 0);
    Counters now = channel.counters();
    assertThat(now).isEqualTo(new Counters(5, 2, 0));
    assertThat(now.since(new Counters(0xffff_fffeL, 2, 0))).isEqualTo(new Counters(7, 0, 0));
    assertThat(now.plus(now)).isEqualTo(new Counters(10, 4, 0));
  }
}
