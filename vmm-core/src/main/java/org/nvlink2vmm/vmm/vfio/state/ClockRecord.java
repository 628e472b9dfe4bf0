package org.nvlink2vmm.vmm.vfio.state;

import java.nio.ByteBuffer;

/** A device's clock as a record: any time will do. */
public record ClockRecord(DeviceClock clock) implements StateRecord {
  @Override
  public String name() {
    return "clock";
  }

  @Override
  public int size() {
    return Long.BYTES;
  }

  @Override
  public void save(ByteBuffer target) {
    target.putLong(clock.getAsLong());
  }

  @Override
  public void check(ByteBuffer source) {}

  @Override
  public void restore(ByteBuffer source) {
    clock.set(source.getLong());
  }
}
