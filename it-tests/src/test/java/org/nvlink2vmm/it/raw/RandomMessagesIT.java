package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfiouser.server.ServerOptions;

/**
 * Random messages, most of them nearly right. For a while in every build; for longer with {@code
 * -Dvmm.fuzz.seconds=600}. After each client the server must still serve, and nothing may be left
 * open or be logged as an error.
 */
class RandomMessagesIT extends ServerFixture {
  private static final int MESSAGES_OF_A_CLIENT = 400;
  private static final int GARBAGE_COLLECTIONS = 5;

  /** Buffers of one client: what is received, and replies of the largest access. */
  private static final long SLACK = 4 << 20;

  private static final int[] COMMANDS = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
  };

  @Override
  ServerOptions options() {
    return ServerOptions.DEFAULT.withSecondClient(ServerOptions.SecondClient.QUEUE);
  }

  @Override
  String capabilities() {
    return "{\"capabilities\":{\"write_multiple\":true}}";
  }

  private long messages;

  @Test
  void noMessageStopsTheServer() throws IOException {
    long seconds = Long.getLong("vmm.fuzz.seconds", 3);
    long seed = Long.getLong("vmm.fuzz.seed", System.nanoTime());
    try (Complaints complaints = new Complaints()) {
      run(seed, System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds));
      assertThat(complaints.text()).as("seed %d", seed).isEmpty();
    }
    if (System.getProperty("vmm.fuzz.seconds") != null) {
      System.out.printf("seed %d: %d messages in %d s%n", seed, messages, seconds);
    }
  }

  @Test
  void anExceptionInTheServerIsSeen() {
    try (Complaints complaints = new Complaints()) {
      device.fault = true;

      assertThat(client.errno(9, RegionAccessIT.access(0, ScratchDevice.REGISTERS, 4)))
          .isEqualTo(5);

      assertThat(complaints.text()).contains("IllegalStateException: meant to be");
    }
  }

  @Test
  void anExceptionThatEndsAThreadIsSeen() throws InterruptedException {
    try (Complaints complaints = new Complaints()) {
      Thread thread =
          new Thread(
              () -> {
                throw new IllegalStateException("meant to be");
              });
      thread.start();
      thread.join();
      System.err.print("and this");

      assertThat(complaints.text())
          .contains("IllegalStateException: meant to be")
          .contains("and this");
    }
  }

  private void run(long seed, long deadline) throws IOException {
    Random random = new Random(seed);
    try (RamBlock ram = RamBlock.ofShareable("fuzz", 1 << 20);
        EventFd event = EventFd.create()) {
      oneClient(random, ram, event);
      client = RawClient.attach(server.path(), capabilities());
      Held before = Held.now();
      long memory = directMemory(0);
      while (System.nanoTime() < deadline) {
        oneClient(random, ram, event);
        strangers(random);
        client = RawClient.attach(server.path(), capabilities());
        assertThat(client.errno(4, RawClient.words(16, 0, 0, 0))).as("seed %d", seed).isZero();
        assertThat(Held.now()).as("seed %d", seed).isEqualTo(before);
      }
      assertThat(directMemory(memory + SLACK)).isLessThan(memory + SLACK);
    }
  }

  /** Bytes outside the heap, once the collector has let go of as much as it can. */
  private static long directMemory(long enough) {
    long bytes = Long.MAX_VALUE;
    for (int i = 0; i < GARBAGE_COLLECTIONS && bytes > enough; i++) {
      System.gc();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20)); // cleaners have a thread
      bytes =
          ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
              .mapToLong(BufferPoolMXBean::getMemoryUsed)
              .sum();
    }
    return bytes;
  }

  /** What would grow if something leaked. */
  private record Held(int owned, int mappings, long descriptors, long mapped, long threads) {
    static Held now() throws IOException {
      long descriptors;
      try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
        descriptors = files.filter(Held::isOfTheServersKind).count();
      }
      long mapped =
          Files.readAllLines(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1).stream()
              .filter(line -> line.contains("memfd:"))
              .count();
      long threads =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> thread.getName().startsWith("vfio-user"))
              .count();
      return new Held(OwnedFd.live(), Mapping.live(), descriptors, mapped, threads);
    }

    /** A socket, an eventfd or a file in memory; class files come and go. */
    private static boolean isOfTheServersKind(Path descriptor) {
      try {
        String target = Files.readSymbolicLink(descriptor).toString();
        return target.startsWith("socket:")
            || target.startsWith("/memfd:")
            || target.startsWith("anon_inode:[eventfd");
      } catch (IOException e) {
        return false; // the one that lists the folder
      }
    }
  }

  /** Clients that agree on nothing, and leave in the middle of it. */
  private void strangers(Random random) {
    while (random.nextInt(3) != 0) {
      try (RawClient stranger = RawClient.connect(server.path())) {
        byte[] version =
            RawClient.message(0, 1, 0, RawClient.version(0, random.nextInt(4), capabilities()));
        for (int i = random.nextInt(4); i > 0; i--) {
          version[random.nextInt(version.length)] ^= (byte) (1 << random.nextInt(8));
        }
        stranger.trySend(Arrays.copyOf(version, random.nextInt(version.length + 1)));
        messages++;
      }
    }
  }

  /** Sends messages without waiting, while another thread takes whatever comes back. */
  private void oneClient(Random random, RamBlock ram, EventFd event) {
    RawClient writer = client;
    for (int i = 0; i < MESSAGES_OF_A_CLIENT; i++) {
      byte[] message = message(random);
      OwnedFd[] fds = descriptors(random, ram, event);
      int first = random.nextInt(8) == 0 ? 1 + random.nextInt(message.length) : message.length;
      messages++;
      if (!writer.trySend(Arrays.copyOf(message, first), fds)
          || !writer.trySend(Arrays.copyOfRange(message, first, message.length))) {
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
      payload = Arrays.copyOf(payload, random.nextInt(payload.length + 20));
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
