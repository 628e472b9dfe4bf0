package org.nvlink2vmm.vmm.vfio.state;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class DeviceClockTest {
  private long now = 100;
  private final DeviceClock clock = new DeviceClock(() -> now);

  @Test
  void itShowsItsSourceAtFirst() {
    now = 250;
    assertThat(clock.getAsLong()).isEqualTo(250);
  }

  @Test
  void itStandsStillWhileItIsStopped() {
    clock.running(false);
    now = 5000;
    assertThat(clock.getAsLong()).isEqualTo(100);
    clock.running(true);
    now += 7;
    assertThat(clock.getAsLong()).isEqualTo(107);
  }

  @Test
  void itGoesOnFromWhereItWasSet() {
    clock.running(false);
    clock.set(1_000_000);
    now = 9;
    assertThat(clock.getAsLong()).isEqualTo(1_000_000);
    clock.running(true);
    now += 3;
    assertThat(clock.getAsLong()).isEqualTo(1_000_003);
  }

  @Test
  void startingTwiceChangesNothing() {
    clock.running(true);
    now++;
    assertThat(clock.getAsLong()).isEqualTo(101);
  }
}
