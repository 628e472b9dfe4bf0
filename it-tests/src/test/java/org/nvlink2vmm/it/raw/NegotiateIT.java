package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.raw.RawClient.EINVAL;

import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** VERSION, the first message of a connection. */
class NegotiateIT extends ServerFixture {
  private static final int VERSION = 1;

  @Override
  String capabilities() {
    return "{}";
  }

  private RawClient fresh() {
    client.close();
    while (server.status().attached()) {
      Thread.onSpinWait(); // until the server has seen that the first client is gone
    }
    return RawClient.connect(server.path());
  }

  static Stream<byte[]> wrongVersions() {
    return Stream.of(
        new byte[0],
        new byte[3],
        RawClient.version(999, 0, ""),
        "\0\0\0\0{}".getBytes(StandardCharsets.UTF_8),
        RawClient.version(0, 0, "{"),
        RawClient.version(0, 0, "\""),
        RawClient.version(0, 0, "[]"),
        RawClient.version(0, 0, "{\"capabilities\":\"23\"}"),
        RawClient.version(0, 0, "{\"capabilities\":{\"max_msg_fds\":\"foo\"}}"),
        RawClient.version(0, 0, "{\"capabilities\":{\"max_msg_fds\":-1}}"),
        RawClient.version(0, 0, "{\"capabilities\":{\"max_msg_fds\":1025}}"),
        RawClient.version(0, 0, "{\"capabilities\":{\"max_msg_fds\":1.5}}"),
        RawClient.version(0, 0, "{\"capabilities\":{\"max_data_xfer_size\":1e99}}"),
        RawClient.version(0, 0, "{\"capabilities\":{\"migration\":\"23\"}}"),
        RawClient.version(0, 0, "{\"capabilities\":{\"migration\":{\"pgsize\":\"foo\"}}}"),
        RawClient.version(0, 0, "{\"capabilities\":{\"migration\":{\"pgsize\":4095}}}"),
        RawClient.version(0, 0, "[".repeat(100_000)));
  }

  @ParameterizedTest
  @MethodSource("wrongVersions")
  void aWrongVersionIsRefusedAndTheConnectionDropped(byte[] payload) {
    client = fresh();

    assertThat(client.errno(VERSION, payload)).isEqualTo(EINVAL);
    assertThat(client.isClosedByServer()).isTrue();
  }

  @Test
  void anotherCommandFirstIsRefusedAndTheConnectionDropped() {
    client = fresh();

    assertThat(client.errno(999, new byte[8])).isEqualTo(EINVAL);
    assertThat(client.isClosedByServer()).isTrue();
  }

  @Test
  void aVersionLongerThanAnyMessageIsRefused() {
    client = fresh();
    byte[] message = RawClient.message(1, VERSION, 0, new byte[0]);
    java.nio.ByteBuffer.wrap(message)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putInt(4, (1 << 20) + 33);
    client.send(message);

    assertThat(client.receive().errno()).isEqualTo(EINVAL);
    assertThat(client.isClosedByServer()).isTrue();
  }

  @ParameterizedTest
  @MethodSource("goodVersions")
  void theReplyIsShortAndHasTheClientsMinor(String json, int minor) {
    client = fresh();

    RawClient.Reply reply = client.call(VERSION, RawClient.version(0, minor, json));

    assertThat(reply.errno()).isZero();
    assertThat(reply.data().getShort(0)).isZero();
    assertThat(reply.data().getShort(2)).isEqualTo((short) minor);
    assertThat(reply.payload().length + RawClient.HEADER).isLessThanOrEqualTo(214);
    assertThat(reply.payload()[reply.payload().length - 1]).isZero();
    String answer =
        new String(reply.payload(), 4, reply.payload().length - 5, StandardCharsets.UTF_8);
    assertThat(answer)
        .startsWith("{\"capabilities\":{")
        .contains("\"max_msg_fds\":8", "\"max_data_xfer_size\":1048576", "\"pgsize\":4096")
        .doesNotContain("twin_socket");
    assertThat(answer.contains("write_multiple")).isEqualTo(json.contains("write_multiple"));
  }

  static Stream<Object[]> goodVersions() {
    return Stream.of(
        new Object[] {"", 0},
        new Object[] {"{}", 1},
        new Object[] {"{\"capabilities\":{}}", 2},
        new Object[] {
          "{\"capabilities\":{\"max_msg_fds\":1024,\"max_data_xfer_size\":1048576}}", 0
        },
        new Object[] {
          "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
              + "\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":true,"
              + "\"migration\":{\"pgsize\":4096,\"max_bitmap_size\":268435456},\"other\":[1]}}",
          0
        });
  }

  @Test
  void aSecondVersionIsRefusedAndTheClientStays() {
    assertThat(client.errno(VERSION, RawClient.version(0, 0, ""))).isEqualTo(EINVAL);
    assertThat(client.errno(4, RawClient.words(16, 0, 0, 0))).isZero();
  }

  @Test
  void aNewerMinorIsAnsweredWithOurs() {
    client = fresh();

    RawClient.Reply reply = client.call(VERSION, RawClient.version(0, 7, ""));

    assertThat(reply.data().getShort(2)).isEqualTo((short) 2);
  }
}
