package org.nvlink2vmm.vmm.device;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.dt.powernv.HostBdf;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.state.DeviceState;

/**
 * A PCI function as hardware: what the host's kernel finds when it looks at the bus. Knows nothing
 * of VFIO.
 */
public interface HostFunction {
  HostBdf address();

  /**
   * Configuration space: little-endian, accesses of 1, 2 or 4 bytes as the host bridge passes them.
   */
  MmioHandler config();

  /** Bytes of configuration space that answer: 256 or 4096. */
  int configSize();

  /** The BARs that exist, ascending by index; a 64-bit BAR has its lower index. */
  List<HostBar> bars();

  /** Function-level reset. False when the function has none. */
  boolean functionReset();

  /** Reset of the bus the function sits on: hardware and links lose their state. */
  void busReset();

  void connect(InterruptSink sink);

  /**
   * What the function's state is made of, if it can be taken out and put in: its own, without its
   * place on the host's bus.
   */
  default Optional<DeviceState> state() {
    return Optional.empty();
  }

  /** Says what of a guest's memory the function reaches by DMA; nothing at first. */
  default void attach(DmaSpace memory) {}

  /**
   * A BAR of a function.
   *
   * @param index 0 to 5
   * @param size bytes, a power of two
   */
  record HostBar(int index, long size, boolean prefetchable, boolean wide, RegionBacking backing) {}
}
