package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.PollSet;
import org.nvlink2vmm.vmm.nativeio.SocketMessage;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;

/** A server that answers anything: the client says so or goes on, and never hangs or leaks. */
@Timeout(60)
class HostileServerIT {
  @TempDir Path folder;

  @RepeatedTest(40)
  void anyAnswerIsTakenOrRefused(RepetitionInfo repetition) throws Exception {
    int before = OwnedFd.live();
    Random random = new Random(repetition.getCurrentRepetition());
    Path path = folder.resolve("s");
    OwnedFd listener = UnixSocket.listen(path, 1);
    Thread server = Thread.ofPlatform().start(() -> answer(listener, random));
    try {
      connectAndUse(path);
    } finally {
      server.join();
      listener.close();
    }
    assertThat(OwnedFd.live()).isEqualTo(before);
  }

  private static void connectAndUse(Path path) {
    try (VfioUserDevice device = VfioUserDevice.connect(path, "hostile", Duration.ofMillis(300))) {
      MemorySegment data = Arena.ofAuto().allocate(64);
      for (int region = 0; region < device.info().numRegions(); region++) {
        assertThat(device.read(region, 0, data)).isLessThanOrEqualTo(64);
      }
    } catch (VfioException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  /** Answers a few commands, each right or wrong in one way, then closes. */
  private static void answer(OwnedFd listener, Random random) {
    PollSet poll = new PollSet();
    poll.set(0, listener, PollSet.IN);
    poll.poll(5000);
    Optional<OwnedFd> accepted = UnixSocket.accept(listener);
    if (accepted.isEmpty()) {
      return;
    }
    try (OwnedFd socket = accepted.get()) {
      SocketMessage message = new SocketMessage(8);
      MemorySegment buffer = Arena.ofAuto().allocate(1 << 16);
      poll.set(0, socket, PollSet.IN);
      for (int i = 0; i < 40 && poll.poll(1000) > 0; i++) {
        long got = message.receive(socket, buffer);
        if (got < 16) {
          return;
        }
        byte[] request = buffer.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE);
        byte[] reply = reply(request, random);
        message.send(socket, Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, reply), List.of());
      }
    }
  }

  private static byte[] reply(byte[] request, Random random) {
    ByteBuffer asked = ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN);
    int command = asked.getShort(2);
    byte[] payload =
        switch (command) {
          case 1 -> RawClient.version(0, 0, random.nextInt(8) == 0 ? "{" : "{}");
          case 4 -> RawClient.words(16, 3, random.nextInt(8) == 0 ? -1 : 4, 2);
          case 5 -> region(asked, random);
          case 7 -> RawClient.words(16, 1, asked.getInt(24), random.nextInt(4));
          default -> request.clone();
        };
    if (random.nextInt(6) == 0) {
      payload = new byte[random.nextInt(100)];
      random.nextBytes(payload);
    }
    int id = random.nextInt(30) == 0 ? random.nextInt() : asked.getShort(0);
    int flags = random.nextInt(20) == 0 ? random.nextInt() : 1;
    byte[] reply = RawClient.message(id, command, flags, payload);
    if (random.nextInt(30) == 0) {
      ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN).putInt(4, random.nextInt());
    }
    return reply;
  }

  private static byte[] region(ByteBuffer asked, Random random) {
    int argsz = asked.getInt(16);
    int needed = random.nextInt(3) == 0 ? random.nextInt(1 << 17) : 32;
    byte[] answer = new byte[Math.max(32, Math.min(argsz, needed))];
    random.nextBytes(answer);
    ByteBuffer fields = ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN);
    fields.putInt(0, needed).putInt(4, random.nextInt(16)).putInt(8, asked.getInt(24));
    fields.putInt(12, random.nextInt(80));
    return answer;
  }
}
