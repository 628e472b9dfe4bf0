package org.nvlink2vmm.vmm.ats;

/** Told when the links between an NPU and a GPU come up or go down. */
@FunctionalInterface
public interface LinkWatcher {
  /**
   * At least one link now carries loads and stores, or none does any more. Called once when the
   * watcher is registered and after each change, by the thread that made the change, without a lock
   * of the NPU's.
   */
  void linksChanged(boolean carries);
}
