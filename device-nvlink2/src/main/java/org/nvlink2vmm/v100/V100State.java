package org.nvlink2vmm.v100;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.v100.engine.Engine;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vfio.state.ClockRecord;
import org.nvlink2vmm.vmm.vfio.state.DeviceState;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * What a V100's state is made of: configuration space, registers, PTIMER, the test engine where
 * there is one, and memory. The cache of translations is empty afterwards, as it may be at any
 * time.
 */
final class V100State implements DeviceState {
  private final V100 gpu;
  private final Optional<Engine> engine;
  private final List<StateRecord> records = new ArrayList<>();

  V100State(V100 gpu, StateRecord config, Optional<Engine> engine) {
    this.gpu = gpu;
    this.engine = engine;
    records.add(config);
    records.add(gpu.registers().state());
    records.add(new ClockRecord(gpu.clock()));
    engine.map(Engine::state).ifPresent(records::add);
  }

  @Override
  public String kind() {
    return gpu.model().text();
  }

  @Override
  public List<StateRecord> records() {
    return List.copyOf(records);
  }

  @Override
  public Optional<RamBlock> memory() {
    return Optional.of(gpu.ram().block());
  }

  @Override
  public void running(boolean run) {
    gpu.clock().running(run);
    engine.ifPresent(one -> one.running(run));
  }

  @Override
  public void clear() {
    gpu.clear();
  }
}
