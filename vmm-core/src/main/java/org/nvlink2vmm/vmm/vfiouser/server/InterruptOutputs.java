package org.nvlink2vmm.vmm.vfiouser.server;

import java.util.Arrays;
import java.util.Optional;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.vfio.DeviceInfo;
import org.nvlink2vmm.vmm.vfio.VfioDevice;

/**
 * A client's eventfds, and which of them are masked. The device fires from any thread, the session
 * assigns; one lock for each interrupt index, held over nothing but the write to an eventfd.
 *
 * <p>INTx is masked in the device, which knows the level; the others are masked here, and one that
 * fired meanwhile fires when it is unmasked.
 */
final class InterruptOutputs implements InterruptSink, AutoCloseable {
  private final Index[] indexes;
  private final SessionCounts counts;

  /** The vectors of an interrupt index. Guarded by itself. */
  private static final class Index {
    private final EventFd[] outputs;
    private final boolean[] masked;
    private final boolean[] pending;

    Index(int vectors) {
      outputs = new EventFd[vectors];
      masked = new boolean[vectors];
      pending = new boolean[vectors];
    }
  }

  InterruptOutputs(VfioDevice device, SessionCounts counts) {
    this.counts = counts;
    DeviceInfo info = device.info();
    indexes = new Index[info.numIrqs()];
    for (int i = 0; i < indexes.length; i++) {
      indexes[i] = new Index(DeviceCommands.irqInfo(device, i).count());
    }
  }

  int count() {
    return indexes.length;
  }

  int vectors(int index) {
    return indexes[index].outputs.length;
  }

  @Override
  public void trigger(int index, int vector) {
    if (index < 0 || index >= indexes.length) {
      return;
    }
    Index target = indexes[index];
    synchronized (target) {
      if (vector < 0 || vector >= target.outputs.length) {
        return;
      }
      if (target.masked[vector]) {
        target.pending[vector] = true;
      } else if (target.outputs[vector] != null) {
        target.outputs[vector].signal();
        counts.interrupt();
      }
    }
  }

  /** Gives a vector its eventfd, or none; the earlier one is closed. */
  void assign(int index, int vector, Optional<EventFd> output) {
    Index target = indexes[index];
    synchronized (target) {
      EventFd earlier = target.outputs[vector];
      target.outputs[vector] = output.orElse(null);
      if (earlier != null) {
        earlier.close();
      }
    }
  }

  void mask(int index, int vector, boolean mask) {
    Index target = indexes[index];
    boolean fire;
    synchronized (target) {
      target.masked[vector] = mask;
      fire = !mask && target.pending[vector];
      target.pending[vector] &= mask;
    }
    if (fire) {
      trigger(index, vector);
    }
  }

  /** Takes all eventfds of an index away and forgets its masks. */
  void disable(int index) {
    Index target = indexes[index];
    synchronized (target) {
      for (int vector = 0; vector < target.outputs.length; vector++) {
        if (target.outputs[vector] != null) {
          target.outputs[vector].close();
        }
      }
      Arrays.fill(target.outputs, null);
      Arrays.fill(target.masked, false);
      Arrays.fill(target.pending, false);
    }
  }

  @Override
  public void close() {
    for (int index = 0; index < indexes.length; index++) {
      disable(index);
    }
  }
}
