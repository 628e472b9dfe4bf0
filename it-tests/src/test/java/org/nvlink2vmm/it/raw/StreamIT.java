package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.EventFd;

/** How messages may lie in the byte stream. */
class StreamIT extends ServerFixture {
  private static final int READ = 9;
  private static final int WRITE = 10;

  @Test
  void aMessageMayBeCutAnywhere() {
    byte[] write =
        RawClient.message(
            9, WRITE, 0, RegionAccessIT.access(0, 0, 4, (byte) 1, (byte) 2, (byte) 3, (byte) 4));
    for (int cut = 1; cut < write.length; cut++) {
      client.send(Arrays.copyOf(write, cut));
      client.send(Arrays.copyOfRange(write, cut, write.length));

      assertThat(client.receive().errno()).isZero();
    }
    for (byte b : write) {
      client.send(new byte[] {b});
    }
    assertThat(client.receive().errno()).isZero();
    assertThat(device.register(0)).isEqualTo(0x04030201);
  }

  @Test
  void manyMessagesMayComeInOneWrite() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    int count = 5000;
    for (int i = 0; i < count; i++) {
      all.writeBytes(RawClient.message(i, READ, 0, RegionAccessIT.access(4L * i, 0, 4)));
    }
    Thread writer = new Thread(() -> client.send(all.toByteArray()));
    writer.start();

    for (int i = 0; i < count; i++) {
      assertThat(client.receive().id()).isEqualTo(i);
    }
  }

  @Test
  void aClientThatTakesNoRepliesIsNotReadFromAndCatchesUp() throws Exception {
    int count = 64;
    Thread writer =
        new Thread(
            () -> {
              for (int i = 0; i < count; i++) {
                client.send(RawClient.message(i, READ, 0, RegionAccessIT.access(0, 0, 1 << 20)));
              }
            });
    writer.start();
    Thread.sleep(100);
    long answered = server.status().messages();

    assertThat(answered).isLessThan(10);
    for (int i = 0; i < count; i++) {
      RawClient.Reply reply = client.receive();
      assertThat(reply.id()).isEqualTo(i);
      assertThat(reply.payload()).hasSize(16 + (1 << 20));
    }
    writer.join();
  }

  @Test
  void descriptorsBelongToTheLastMessageThatBeginsWithThem() {
    byte[] unmap = RawClient.bytes(24).u32(24).u32(0).u64(0x5000).u64(4096).array();
    try (RamBlock ram = RamBlock.ofShareable("guest", 1 << 20)) {
      for (int i = 0; i < 50; i++) {
        long iova = 0x10000L + i * 0x1000L;
        byte[] map = RawClient.bytes(32).u32(32).u32(7).u64(0).u64(iova).u64(4096).array();
        int first = client.post(3, 0, unmap);
        int second = client.post(2, 0, map, ram.fd().get());
        int third = client.post(3, 0, unmap);

        assertThat(client.receive()).matches(r -> r.id() == first && r.errno() == 0);
        assertThat(client.receive()).matches(r -> r.id() == second && r.errno() == 0);
        assertThat(client.receive()).matches(r -> r.id() == third && r.errno() == 0);
      }
      client.call(3, RawClient.bytes(24).u32(24).u32(2).array());
    }
  }

  @Test
  void descriptorsOfALongMessageComeWithItsFirstPart() {
    byte[] longer = new byte[20 + 300_000];
    System.arraycopy(RawClient.words(20, 0x24, 1, 0, 1), 0, longer, 0, 20);
    try (EventFd output = EventFd.create()) {
      assertThat(client.errno(8, longer, output.fd())).isZero();

      device.sink.trigger(1, 0);

      assertThat(output.take()).isEqualTo(1);
    }
  }
}
