package org.nvlink2vmm.vmm.vfiouser.client;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.Feature;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.MigrationData;
import org.nvlink2vmm.vmm.vfiouser.codec.Wire;

/**
 * The state of a server's device: DEVICE_FEATURE moves it between the states of vfio.h's {@code
 * vfio_device_mig_state}, MIG_DATA_READ and MIG_DATA_WRITE carry the bytes.
 */
final class RemoteState implements Migratable {
  private static final int STOP = 1;
  private static final int RUNNING = 2;
  private static final int STOP_COPY = 3;
  private static final int RESUMING = 4;

  private final Requests requests;
  private final int mostData;

  /**
   * @param mostData bytes that both ends take in a message
   */
  RemoteState(Requests requests, int mostData) {
    this.requests = requests;
    this.mostData = mostData;
  }

  private void enter(int state) {
    int size = Feature.STATE_BYTES;
    OutboundMessage request =
        Requests.words(size, size, Feature.DEVICE_STATE | Feature.SET, state, 0);
    requests.ask(Command.DEVICE_FEATURE, request, size, Feature.BYTES);
  }

  private void change(int state) throws IOException {
    try {
      enter(state);
    } catch (VfioException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public void running(boolean run) {
    enter(run ? RUNNING : STOP);
  }

  @Override
  public ReadableByteChannel save() throws IOException {
    change(STOP_COPY);
    return new Saving();
  }

  @Override
  public WritableByteChannel restore() throws IOException {
    change(RESUMING);
    return new Restoring();
  }

  private final class Saving extends Transfer implements ReadableByteChannel {
    private boolean ended;

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (!open) {
        throw new ClosedChannelException();
      }
      if (ended || !target.hasRemaining()) {
        return ended ? -1 : 0;
      }
      int size = Math.min(target.remaining(), mostData);
      int room = MigrationData.BYTES;
      OutboundMessage request = Requests.words(room, room + size, size);
      try {
        MemorySegment data = requests.ask(Command.MIG_DATA_READ, request, room, room);
        long got = data.byteSize() - room;
        if (got > size || Integer.toUnsignedLong(Wire.u32(data, MigrationData.SIZE)) != got) {
          throw requests.malformed("MIG_DATA_READ of " + size + " bytes gives " + got);
        }
        target.put(data.asSlice(room).asByteBuffer());
        ended = got < size;
        return got == 0 ? -1 : (int) got;
      } catch (VfioException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
  }

  private final class Restoring extends Transfer implements WritableByteChannel {
    @Override
    public int write(ByteBuffer source) throws IOException {
      if (!open) {
        throw new ClosedChannelException();
      }
      int all = source.remaining();
      while (source.hasRemaining()) {
        int size = Math.min(source.remaining(), mostData);
        int payload = MigrationData.BYTES + size;
        OutboundMessage request = Requests.words(payload, payload, size);
        request
            .bytes()
            .asSlice(Header.BYTES + MigrationData.BYTES, size)
            .asByteBuffer()
            .put(source.slice(source.position(), size));
        try {
          requests.ask(Command.MIG_DATA_WRITE, request, payload, 0);
        } catch (VfioException e) {
          throw new IOException(e.getMessage(), e);
        }
        source.position(source.position() + size);
      }
      return all;
    }
  }

  /** A state on its way; closed, the device is stopped again. */
  private abstract class Transfer implements Channel {
    boolean open = true;

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() throws IOException {
      if (open) {
        open = false;
        change(STOP);
      }
    }
  }
}
