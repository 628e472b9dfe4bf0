package org.nvlink2vmm.vmm.vfio;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * How a {@link VfioDevice}'s state is taken out and put into another one of its kind: the stop-copy
 * part of VFIO's migration (Linux include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIGRATION). The
 * bytes are the device's own affair; it puts a version into them. Interrupts and guest memory are
 * not of the state: who takes the device over connects and attaches its own.
 *
 * <p>Calls come one after another, from any thread.
 */
public interface Migratable {
  /**
   * Stops the device or lets it run: while stopped it changes nothing of its state by itself,
   * reaches no guest memory and raises no interrupt.
   */
  void running(boolean run);

  /**
   * The state of the stopped device, from its first byte; read to the end or closed early. Reading
   * may take pieces from live memory: nothing is copied beforehand.
   *
   * @throws IOException when the state cannot be taken
   */
  ReadableByteChannel save() throws IOException;

  /**
   * Takes a state for the stopped device. It is complete, and in force, when the channel is closed.
   * The bytes come from outside: whoever reads them checks everything, and writing or closing
   * throws an IOException that says what is wrong. The device is then as after power-on, as it is
   * from the call of this method until a state is in force.
   *
   * @throws IOException when the device cannot take one
   */
  WritableByteChannel restore() throws IOException;
}
