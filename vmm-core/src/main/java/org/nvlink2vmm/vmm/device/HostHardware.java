package org.nvlink2vmm.vmm.device;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.ats.Npu;

/** The hardware of one kind in one host. */
public interface HostHardware extends AutoCloseable {
  /** What a line of {@link #findings} begins with when it tells of no fault. */
  String REMARK = "remark: ";

  /** The function at an address, if it is of this kind: always the same object for one address. */
  Optional<HostFunction> function(HostBdf address);

  /** The NPU whose links go to the GPU at an address, if this hardware has it. */
  default Optional<Npu> npuOf(HostBdf gpu) {
    return Optional.empty();
  }

  /**
   * Resets the PCI host bridge of a function, if it is of this kind and the bridge is hardware of
   * its own. Configuration space stays as it is.
   *
   * @return whether it was
   */
  default boolean resetHostBridge(HostBdf function, HostBridgeReset reset) {
    return false;
  }

  /**
   * What the hardware saw drivers do that they should not: one line each, for the report. Empty
   * when all is well.
   */
  default List<String> findings() {
    return List.of();
  }

  /** Ends all functions and unmaps what was mapped. */
  @Override
  void close();
}
