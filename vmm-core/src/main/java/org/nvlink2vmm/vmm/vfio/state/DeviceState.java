package org.nvlink2vmm.vmm.vfio.state;

import java.util.List;
import java.util.Optional;
import org.nvlink2vmm.vmm.memory.RamBlock;

/** What a device's state is made of. */
public interface DeviceState {
  /**
   * What the device is: a state fits devices of the same kind, with the same records and the same
   * size of memory. 1 to 32 characters of ASCII.
   */
  String kind();

  /** Always the same ones in the same order, which is the order of saving and restoring. */
  List<StateRecord> records();

  /** The device's memory, of which pages that are not zero are saved; whole pages of 4 KiB. */
  Optional<RamBlock> memory();

  /**
   * Stops the device's clocks and engines, or lets them run: see {@link
   * org.nvlink2vmm.vmm.vfio.Migratable#running}.
   */
  void running(boolean run);

  /** Gives registers and memory the state of power-on. */
  void clear();
}
