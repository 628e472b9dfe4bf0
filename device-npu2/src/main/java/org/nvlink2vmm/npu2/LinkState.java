package org.nvlink2vmm.npu2;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.vfio.state.ClockRecord;
import org.nvlink2vmm.vmm.vfio.state.DeviceState;
import org.nvlink2vmm.vmm.vfio.state.StateRecord;

/**
 * What a bridge's state is made of: configuration space, the procedure that runs, DL, ATSD, the
 * link. Which partition and which GPU's translations the NPU serves is the host's affair.
 */
final class LinkState implements DeviceState {
  private final Npu2Link link;
  private final List<StateRecord> records = new ArrayList<>();

  /** The brick comes last: a link that comes up may let a shootdown go on. */
  LinkState(Npu2Link link, StateRecord config, Optional<StateRecord> windows) {
    this.link = link;
    records.add(config);
    windows.ifPresent(records::add);
    records.add(new ClockRecord(link.brick().clock()));
    records.add(link.procedures().state());
    records.add(link.window().state());
    records.add(link.atsd().state());
    records.add(link.brick().state());
  }

  @Override
  public String kind() {
    return "npu2-bridge";
  }

  @Override
  public List<StateRecord> records() {
    return List.copyOf(records);
  }

  @Override
  public Optional<RamBlock> memory() {
    return Optional.empty();
  }

  @Override
  public void running(boolean run) {
    link.brick().clock().running(run);
  }

  @Override
  public void clear() {
    link.clear();
  }
}
