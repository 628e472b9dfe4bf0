package org.nvlink2vmm.vmm.host;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vfio.state.DeviceState;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/** A function's own state, and what the kernel keeps for its user beside it. */
final class FunctionState implements DeviceState {
  private final DeviceState hardware;
  private final VirtualConfig config;
  private final List<StateRecord> records;

  FunctionState(DeviceState hardware, VirtualConfig config) {
    this.hardware = hardware;
    this.config = config;
    records =
        Stream.concat(hardware.records().stream(), Stream.of(new VirtualConfigRecord(config)))
            .toList();
  }

  @Override
  public String kind() {
    return hardware.kind();
  }

  @Override
  public List<StateRecord> records() {
    return records;
  }

  @Override
  public Optional<RamBlock> memory() {
    return hardware.memory();
  }

  @Override
  public void running(boolean run) {
    hardware.running(run);
  }

  /** The function stays where it is on the host's bus. */
  @Override
  public void clear() {
    config.keepingState(hardware::clear);
  }
}
