package org.nvlink2vmm.vmm.vcpu.pseries;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * The virtual terminal behind H_PUT_TERM_CHAR and H_GET_TERM_CHAR ("hvterm1"). Output goes out as
 * it comes; input waits in a bounded queue, what does not fit is dropped as on a serial line.
 */
public final class VtyConsole {
  /** SPAPR_VTY_BASE_ADDRESS of QEMU: the unit address of the first terminal. */
  public static final int UNIT = 0x71000000;

  private static final int INPUT_BYTES = 4096;

  private final OutputStream output;
  private final ArrayBlockingQueue<Byte> input = new ArrayBlockingQueue<>(INPUT_BYTES);
  private boolean broken;

  public VtyConsole(OutputStream output) {
    this.output = output;
  }

  /** Whether all of the bytes found room. */
  public boolean type(byte... bytes) {
    boolean fitted = true;
    for (byte one : bytes) {
      fitted &= input.offer(one);
    }
    return fitted;
  }

  /** Writes a piece of output; an output that broke is not tried again. */
  synchronized void put(byte... bytes) {
    if (!broken) {
      try {
        output.write(bytes);
        output.flush();
      } catch (IOException e) {
        broken = true;
      }
    }
  }

  /** Takes up to {@code max} bytes of input; returns how many. */
  int take(byte[] into, int max) {
    int count = 0;
    while (count < max) {
      Byte next = input.poll();
      if (next == null) {
        break;
      }
      into[count++] = next;
    }
    return count;
  }
}
