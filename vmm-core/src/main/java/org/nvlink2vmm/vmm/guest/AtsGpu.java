package org.nvlink2vmm.vmm.guest;

import java.util.ArrayList;
import java.util.List;

/**
 * A GPU that works on effective addresses: a trained link, a coherent window, a launch register and
 * a test engine. Only the register of a GPU's first link knows the guest's partition (Linux
 * arch/powerpc/platforms/powernv/npu-dma.c), so that is the one to use. Threads take turns on it.
 *
 * @param window guest-physical address of its memory
 */
record AtsGpu(GuestMachine machine, GuestFunction function, long window, Atsd atsd) {

  /** Those of the GPUs that can; {@code reports} says of each how its bring-up ended. */
  static List<AtsGpu> of(GuestMachine machine, GuestBoot boot, List<GuestReport.Gpu> reports) {
    List<AtsGpu> usable = new ArrayList<>();
    for (int i = 0; i < reports.size(); i++) {
      GuestReport.Gpu report = reports.get(i);
      NvlinkGpu gpu = boot.gpus().get(i);
      boolean up =
          !report.links().isEmpty()
              && report.links().stream().allMatch(GuestReport.Link::trained)
              && !report.memory().isEmpty()
              && report.links().getFirst().atsd() != 0;
      if (up && EngineChannel.of(machine, gpu.gpu(), 0).isPresent()) {
        usable.add(
            new AtsGpu(
                machine,
                gpu.gpu(),
                report.memory().getFirst().base(),
                new Atsd(machine, report.links().getFirst().atsd())));
      }
    }
    return usable;
  }

  /**
   * A channel of the engine.
   *
   * @param number below {@link EngineChannel#CHANNELS}
   */
  EngineChannel channel(int number) {
    return EngineChannel.of(machine, function, number).orElseThrow();
  }

  /** Shoots a block down on the NPU of this GPU; true when the register said it was done. */
  boolean shootDown(int pid, long address, Atsd.PageSize size) {
    synchronized (atsd) {
      return atsd.invalidateBlock(pid, address, size);
    }
  }

  /** As {@link #shootDown}, but accesses in flight go on until the next {@link #flush}. */
  boolean shootDownUnflushed(int pid, long address, Atsd.PageSize size) {
    synchronized (atsd) {
      return atsd.invalidateBlockUnflushed(pid, address, size);
    }
  }

  /** Ends the accesses in flight of the GPUs of this NPU. */
  boolean flush() {
    synchronized (atsd) {
      return atsd.flush();
    }
  }

  /** Shoots all pages of a process down on the NPU of this GPU. */
  boolean shootDownProcess(int pid) {
    synchronized (atsd) {
      return atsd.invalidateProcess(pid);
    }
  }
}
