package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/**
 * Random messages, most of them nearly right. For a while in every build; for longer with {@code
 * -Dvmm.fuzz.seconds=600}. After each client the server must still serve, and nothing may be left
 * open or be logged as an error.
 */
class RandomMessagesIT extends ServerFixture {
  private static final int MESSAGES_OF_A_CLIENT = 400;
  private static final int[] COMMANDS = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
  };

  @Override
  String capabilities() {
    return "{\"capabilities\":{\"write_multiple\":true}}";
  }

  /** Counts what the program logs as an error. */
  private static final class Errors extends Handler {
    private final StringBuilder seen = new StringBuilder();

    @Override
    public synchronized void publish(LogRecord line) {
      if (line.getLevel().intValue() >= Level.SEVERE.intValue()) {
        seen.append(line.getMessage()).append(' ').append(line.getThrown()).append('\n');
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void noMessageStopsTheServer() {
    long seconds = Long.getLong("vmm.fuzz.seconds", 3);
    long seed = Long.getLong("vmm.fuzz.seed", System.nanoTime());
    Logger log = Logger.getLogger("org.nvlink2vmm");
    Errors errors = new Errors();
    log.setLevel(Level.SEVERE);
    log.setUseParentHandlers(false);
    log.addHandler(errors);
    try {
      run(seed, System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
      assertThat(errors.seen).as("seed %d", seed).isEmpty();
    } finally {
      log.removeHandler(errors);
      log.setUseParentHandlers(true);
      log.setLevel(Level.OFF);
    }
  }

  private void run(long seed, long deadline) {
    Random random = new Random(seed);
    int descriptors = OwnedFd.live();
    int mappings = Mapping.live();
    try (RamBlock ram = RamBlock.ofShareable("fuzz", 1 << 20);
        EventFd event = EventFd.create()) {
      while (System.nanoTime() < deadline) {
        oneClient(random, ram, event);
        while (server.status().attached()) {
          Thread.onSpinWait();
        }
        client = RawClient.attach(server.path(), capabilities());
        assertThat(client.errno(4, RawClient.words(16, 0, 0, 0))).as("seed %d", seed).isZero();
        assertThat(OwnedFd.live()).as("descriptors, seed %d", seed).isEqualTo(descriptors + 2);
        assertThat(Mapping.live()).as("mappings, seed %d", seed).isEqualTo(mappings + 1);
      }
    }
  }

  /** Sends messages without waiting, while another thread takes whatever comes back. */
  private void oneClient(Random random, RamBlock ram, EventFd event) {
    RawClient writer = client;
    for (int i = 0; i < MESSAGES_OF_A_CLIENT; i++) {
      byte[] message = message(random);
      OwnedFd[] fds = descriptors(random, ram, event);
      if (!writer.trySend(message, fds)) {
        break;
      }
      writer.discardAvailable();
    }
    writer.close();
  }

  private static OwnedFd[] descriptors(Random random, RamBlock ram, EventFd event) {
    OwnedFd memory = ram.fd().get();
    return switch (random.nextInt(8)) {
      case 0 -> new OwnedFd[] {memory};
      case 1 -> new OwnedFd[] {event.fd()};
      case 2 -> new OwnedFd[] {memory, event.fd()};
      default -> new OwnedFd[0];
    };
  }

  private static byte[] message(Random random) {
    int command = COMMANDS[random.nextInt(COMMANDS.length)];
    byte[] payload = payload(random, command);
    if (random.nextInt(10) == 0) {
      payload = java.util.Arrays.copyOf(payload, random.nextInt(payload.length + 20));
    }
    int flags = random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(4) == 0 ? 0x10 : 0;
    byte[] message = RawClient.message(random.nextInt(), command, flags, payload);
    if (random.nextInt(200) == 0) {
      ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).putInt(4, random.nextInt());
    }
    if (random.nextInt(50) == 0) {
      message[random.nextInt(message.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return message;
  }

  private static byte[] payload(Random random, int command) {
    return switch (command) {
      case 2 ->
          RawClient.bytes(32)
              .u32(32)
              .u32(random.nextInt(5))
              .u64(4096L * random.nextInt(64))
              .u64(4096L * random.nextInt(64))
              .u64(4096L * random.nextInt(64))
              .array();
      case 3 ->
          RawClient.bytes(24)
              .u32(24)
              .u32(random.nextInt(12) == 0 ? 2 : 0)
              .u64(4096L * random.nextInt(64))
              .u64(4096L * random.nextInt(64))
              .array();
      case 4 -> RawClient.words(16, 0, 0, 0);
      case 5 -> RawClient.words(random.nextInt(100), 0, random.nextInt(11), 0, 0, 0, 0, 0);
      case 6, 7 -> RawClient.words(16, 0, random.nextInt(11), 0);
      case 8 ->
          RawClient.words(
              20,
              (1 << random.nextInt(3)) | (8 << random.nextInt(3)),
              random.nextInt(6),
              random.nextInt(9),
              random.nextInt(4));
      case 9, 10 -> access(random, command == 10);
      case 15 -> multi(random);
      case 16 ->
          RawClient.words(
              16, (1 + random.nextInt(8)) | (1 << (16 + random.nextInt(3))), random.nextInt(8), 0);
      case 17, 18 -> RawClient.words(random.nextInt(3000), random.nextInt(3000), 1, 2);
      default -> random(random, random.nextInt(64));
    };
  }

  private static byte[] access(Random random, boolean write) {
    int count = random.nextInt(random.nextInt(10) == 0 ? 100_000 : 16);
    long offset = random.nextInt(10) == 0 ? random.nextLong() : random.nextInt(1 << 21);
    byte[] data = random(random, write ? count : 0);
    return RegionAccessIT.access(offset, random.nextInt(11), count, data);
  }

  private static byte[] multi(Random random) {
    int writes = random.nextInt(5);
    RawClient.Bytes payload = RawClient.bytes(8 + 24 * writes).u64(writes);
    for (int i = 0; i < writes; i++) {
      payload.u64(random.nextInt(8192)).u32(random.nextInt(10)).u32(random.nextInt(9));
      payload.u64(random.nextLong());
    }
    return payload.array();
  }

  private static byte[] random(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }
}
