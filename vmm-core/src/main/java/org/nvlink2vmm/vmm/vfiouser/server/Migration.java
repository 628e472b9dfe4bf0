package org.nvlink2vmm.vmm.vfiouser.server;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;
import org.nvlink2vmm.vmm.vfio.Migratable;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfiouser.codec.Command;
import org.nvlink2vmm.vmm.vfiouser.codec.Header;
import org.nvlink2vmm.vmm.vfiouser.codec.Message;
import org.nvlink2vmm.vmm.vfiouser.codec.OutboundMessage;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.Feature;
import org.nvlink2vmm.vmm.vfiouser.codec.Payload.MigrationData;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * DEVICE_FEATURE, MIG_DATA_READ and MIG_DATA_WRITE: the device's state taken out while it is
 * stopped, and put in (vfio.h, enum vfio_device_mig_state). Pre-copy and dirty logging are not
 * offered.
 */
final class Migration implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Migration.class);

  static final int ERROR = 0;
  static final int STOP = 1;
  static final int RUNNING = 2;
  static final int STOP_COPY = 3;
  static final int RESUMING = 4;

  private final String id;
  private final Optional<Migratable> device;
  private int state = RUNNING;
  private Optional<ReadableByteChannel> saving = Optional.empty();
  private Optional<WritableByteChannel> restoring = Optional.empty();
  private long mostData = Limits.DATA;

  Migration(VfioDevice device) {
    this.id = device.id();
    this.device = device.migration();
  }

  boolean isSupported() {
    return device.isPresent();
  }

  void limit(long clientsLimit) {
    mostData = Math.min(Limits.DATA, clientsLimit);
  }

  /** Whether a command may be carried out in this state. */
  boolean allows(int command) {
    return switch (command) {
      case Command.DEVICE_FEATURE, Command.MIG_DATA_READ, Command.MIG_DATA_WRITE -> true;
      case Command.REGION_READ, Command.REGION_WRITE, Command.REGION_WRITE_MULTI ->
          state != STOP_COPY;
      case Command.DEVICE_RESET, Command.DMA_MAP, Command.DMA_UNMAP -> true;
      default -> state == RUNNING || state == RESUMING || state == ERROR;
    };
  }

  int feature(Message request, OutboundMessage reply) {
    if (request.payload() < Feature.BYTES || device.isEmpty()) {
      return Failure.EINVAL;
    }
    int flags = request.u32(Feature.FLAGS);
    int operation = flags & ~Feature.FEATURE;
    int argsz = request.u32(Payload.ARGSZ);
    return switch (flags & Feature.FEATURE) {
      case Feature.MIGRATION -> migration(operation, argsz, flags, reply);
      case Feature.DEVICE_STATE -> deviceState(request, operation, argsz, flags, reply);
      default -> Failure.EINVAL;
    };
  }

  private int migration(int operation, int argsz, int flags, OutboundMessage reply) {
    boolean probe = (operation & Feature.PROBE) != 0;
    if ((operation & ~Feature.PROBE) != Feature.GET && operation != Feature.PROBE) {
      return Failure.EINVAL;
    }
    int size = probe ? Feature.BYTES : Feature.MIGRATION_BYTES;
    if (Integer.compareUnsigned(argsz, size) < 0) {
      return Failure.EINVAL;
    }
    reply.u32(Payload.ARGSZ, probe ? argsz : size);
    reply.u32(Feature.FLAGS, flags);
    if (!probe) {
      reply.u64(Feature.BYTES, Feature.STOP_COPY);
    }
    return size;
  }

  private int deviceState(
      Message request, int operation, int argsz, int flags, OutboundMessage reply) {
    boolean probe = (operation & Feature.PROBE) != 0;
    int size = probe ? Feature.BYTES : Feature.STATE_BYTES;
    if (Integer.compareUnsigned(argsz, size) < 0) {
      return Failure.EINVAL;
    }
    int asked = operation & ~Feature.PROBE;
    boolean single = asked == Feature.GET || asked == Feature.SET;
    if (probe) {
      if (asked != 0 && !single && asked != (Feature.GET | Feature.SET)) {
        return Failure.EINVAL;
      }
    } else if (!single || (asked == Feature.SET && request.payload() < size)) {
      return Failure.EINVAL;
    } else if (asked == Feature.SET) {
      int result = move(request.u32(Feature.STATE));
      if (result != 0) {
        return result;
      }
    }
    reply.u32(Payload.ARGSZ, probe ? argsz : size);
    reply.u32(Feature.FLAGS, flags);
    if (!probe) {
      reply.u32(Feature.STATE, state);
      reply.u32(Feature.DATA_FD, 0);
    }
    return size;
  }

  /** Every way between two states leads through STOP; only a reset leads out of ERROR. */
  private int move(int target) {
    if (state == ERROR || target < STOP || target > RESUMING) {
      return Failure.EINVAL;
    }
    if (target == state) {
      return 0;
    }
    try {
      stop();
      enter(target);
      return 0;
    } catch (IOException e) {
      LOG.warn("{}: migration failed: {}", id, e.getMessage());
      state = ERROR;
      return Failure.EIO;
    }
  }

  private void stop() throws IOException {
    Migratable migratable = device.orElseThrow();
    switch (state) {
      case RUNNING -> migratable.running(false);
      case STOP_COPY -> endSaving();
      case RESUMING -> endRestoring();
      default -> {}
    }
    state = STOP;
  }

  private void enter(int target) throws IOException {
    Migratable migratable = device.orElseThrow();
    switch (target) {
      case RUNNING -> migratable.running(true);
      case STOP_COPY -> saving = Optional.of(migratable.save());
      case RESUMING -> restoring = Optional.of(migratable.restore());
      default -> {}
    }
    state = target;
  }

  private void endSaving() throws IOException {
    Optional<ReadableByteChannel> ending = saving;
    saving = Optional.empty();
    if (ending.isPresent()) {
      ending.get().close();
    }
  }

  private void endRestoring() throws IOException {
    Optional<WritableByteChannel> ending = restoring;
    restoring = Optional.empty();
    if (ending.isPresent()) {
      ending.get().close();
    }
  }

  /** An answer shorter than asked for is the end of the state. */
  int read(Message request, OutboundMessage reply) {
    if (request.payload() < MigrationData.BYTES || saving.isEmpty()) {
      return Failure.EINVAL;
    }
    int size = request.u32(MigrationData.SIZE);
    int argsz = request.u32(Payload.ARGSZ);
    if (Integer.compareUnsigned(size, (int) mostData) > 0
        || Integer.toUnsignedLong(argsz) < MigrationData.BYTES + Integer.toUnsignedLong(size)) {
      return Failure.EINVAL;
    }
    reply.clear(Header.BYTES + MigrationData.BYTES + size);
    MemorySegment target = reply.bytes().asSlice(Header.BYTES + MigrationData.BYTES, size);
    try {
      ByteBuffer buffer = target.asByteBuffer();
      int got = 0;
      while (got >= 0 && buffer.hasRemaining()) {
        got = saving.get().read(buffer);
      }
      reply.u32(Payload.ARGSZ, MigrationData.BYTES + buffer.position());
      reply.u32(MigrationData.SIZE, buffer.position());
      return MigrationData.BYTES + buffer.position();
    } catch (IOException e) {
      LOG.warn("{}: taking its state failed: {}", id, e.getMessage());
      state = ERROR;
      return Failure.EIO;
    }
  }

  int write(Message request) {
    if (request.payload() < MigrationData.BYTES || restoring.isEmpty()) {
      return Failure.EINVAL;
    }
    int size = request.u32(MigrationData.SIZE);
    if (Integer.compareUnsigned(size, (int) mostData) > 0
        || request.payload() - MigrationData.BYTES != size
        || Integer.compareUnsigned(request.u32(Payload.ARGSZ), request.payload()) < 0) {
      return Failure.EINVAL;
    }
    ByteBuffer data =
        request
            .bytes()
            .asSlice(request.position(MigrationData.BYTES), size)
            .asReadOnly()
            .asByteBuffer();
    try {
      while (data.hasRemaining()) {
        restoring.get().write(data);
      }
      return 0;
    } catch (IOException e) {
      LOG.warn("{}: the state that came is refused: {}", id, e.getMessage());
      state = ERROR;
      return Failure.EINVAL;
    }
  }

  /** After a reset the device runs, whatever went before. */
  void reset() {
    close();
    if (state != RUNNING) {
      device.ifPresent(migratable -> migratable.running(true));
    }
    state = RUNNING;
  }

  @Override
  public void close() {
    try {
      endSaving();
    } catch (IOException e) {
      LOG.debug("{}: ending a save: {}", id, e.getMessage());
    }
    try {
      endRestoring();
    } catch (IOException e) {
      LOG.debug("{}: an unfinished state is dropped: {}", id, e.getMessage());
    }
  }
}
