package org.nvlink2vmm.vmm.vfio.state;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import org.nvlink2vmm.vmm.vfio.Migratable;

/** Stop-copy migration of a device that says what its state is made of. */
public final class SavableDevice implements Migratable {
  private final DeviceState state;
  private boolean running = true;

  public SavableDevice(DeviceState state) {
    this.state = state;
  }

  @Override
  public synchronized void running(boolean run) {
    if (run != running) {
      running = run;
      state.running(run);
    }
  }

  @Override
  public synchronized ReadableByteChannel save() throws IOException {
    requireStopped("saved");
    return new SavedState(state);
  }

  @Override
  public synchronized WritableByteChannel restore() throws IOException {
    requireStopped("restored");
    return new RestoredState(state);
  }

  private void requireStopped(String what) throws StateException {
    if (running) {
      throw new StateException("a running device's state cannot be " + what);
    }
  }
}
