package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.raw.RawClient.EINVAL;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.vmm.nativeio.EventFd;

/** What is wrong with a message before its command is looked at. */
class RequestErrorsIT extends ServerFixture {
  private static final byte[] INFO = RawClient.words(16, 0, 0, 0);

  private void stillServes() {
    assertThat(client.errno(4, INFO)).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 15, (1 << 20) + 33, Integer.MAX_VALUE, -1})
  void aSizeThatNoMessageHasIsRefusedAndTheNextBytesAreAHeader(int size) {
    byte[] header = RawClient.message(77, 4, 0, new byte[0]);
    ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putInt(4, size);
    client.send(header);

    RawClient.Reply reply = client.receive();

    assertThat(reply.errno()).isEqualTo(EINVAL);
    assertThat(reply.id()).isEqualTo(77);
    assertThat(reply.payload()).isEmpty();
    stillServes();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 15, 0x21})
  void aReplyThatNobodyAskedForIsRefused(int flags) {
    client.send(RawClient.message(5, 11, flags, new byte[16]));

    assertThat(client.receive().errno()).isEqualTo(EINVAL);
    stillServes();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 11, 12, 14, 15, 19, 999, 65535})
  void aCommandThatAClientCannotSendIsRefused(int command) {
    assertThat(client.errno(command, new byte[64])).isEqualTo(EINVAL);
    stillServes();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18})
  void aHeaderAloneIsRefusedForAllButReset(int command) {
    assertThat(client.errno(command, new byte[0])).isEqualTo(EINVAL);
    stillServes();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18})
  void everyPayloadThatIsTooShortIsRefused(int command) {
    for (int size = 1; size < 8; size++) {
      assertThat(client.errno(command, new byte[size])).isEqualTo(EINVAL);
    }
    stillServes();
  }

  @Test
  void resetNeedsNoPayload() {
    assertThat(client.errno(13, new byte[0])).isZero();
    assertThat(device.resets).hasValue(1);
  }

  @Test
  void withNoReplyNeitherSuccessNorFailureIsAnswered() {
    client.post(999, 0x10, new byte[8]);
    client.post(10, 0x10, RawClient.words(0, 0, 0, 4, 0xabcd));
    client.post(13, 0x10, new byte[0]);

    RawClient.Reply reply = client.call(4, INFO);

    assertThat(reply.errno()).isZero();
    assertThat(device.register(0)).isEqualTo(0xabcd);
  }

  @Test
  void descriptorsThatACommandDoesNotTakeAreClosed() {
    try (EventFd first = EventFd.create();
        EventFd second = EventFd.create()) {
      assertThat(client.errno(4, INFO, first.fd(), second.fd())).isZero();
      assertThat(client.errno(8, RawClient.words(20, 0x22, 1, 0, 2), first.fd(), second.fd()))
          .isEqualTo(EINVAL);
      assertThat(client.errno(999, INFO, first.fd())).isEqualTo(EINVAL);
    }
    stillServes();
  }

  @Test
  void tooManyDescriptorsForAnyMessageEndTheConnection() {
    try (EventFd one = EventFd.create()) {
      var fds = new org.nvlink2vmm.vmm.nativeio.OwnedFd[20];
      java.util.Arrays.fill(fds, one.fd());
      client.post(4, 0, INFO, fds);

      assertThat(client.isClosedByServer()).isTrue();
    }
  }
}
