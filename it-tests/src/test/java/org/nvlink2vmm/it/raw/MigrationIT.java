package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.raw.RawClient.EINVAL;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** DEVICE_FEATURE, MIG_DATA_READ, MIG_DATA_WRITE: stop-copy, without dirty logging. */
class MigrationIT extends ServerFixture {
  private static final int FEATURE = 16;
  private static final int DATA_READ = 17;
  private static final int DATA_WRITE = 18;
  private static final int GET = 1 << 16;
  private static final int SET = 1 << 17;
  private static final int MIGRATION = 1;
  private static final int STATE = 2;
  private static final int STOP = 1;
  private static final int RUNNING = 2;
  private static final int STOP_COPY = 3;
  private static final int RESUMING = 4;
  private static final int STATE_SIZE = 3000;

  private int enter(int state) {
    return client.errno(FEATURE, RawClient.words(16, STATE | SET, state, 0));
  }

  private int state() {
    return client.call(FEATURE, RawClient.words(16, STATE | GET)).data().getInt(8);
  }

  private byte[] readData(int size) {
    RawClient.Reply reply = client.call(DATA_READ, RawClient.words(8 + size, size));
    assertThat(reply.errno()).isZero();
    assertThat(reply.data().getInt(4)).isEqualTo(reply.payload().length - 8);
    return Arrays.copyOfRange(reply.payload(), 8, reply.payload().length);
  }

  private int writeData(byte[] data, int offset, int size) {
    RawClient.Bytes payload = RawClient.bytes(8 + size).u32(8 + size).u32(size);
    return client.errno(
        DATA_WRITE, payload.put(Arrays.copyOfRange(data, offset, offset + size)).array());
  }

  @Test
  void stopCopyIsOffered() {
    assertThat(client.call(FEATURE, RawClient.words(16, MIGRATION | GET)).payload())
        .isEqualTo(RawClient.words(16, MIGRATION | GET, 1, 0));
  }

  @ParameterizedTest
  @CsvSource({"1, 0x40000", "1, 0x50000", "2, 0x40000", "2, 0x50000", "2, 0x60000", "2, 0x70000"})
  void aProbeIsEchoed(int feature, String operation) {
    byte[] request = RawClient.words(8, feature | Integer.decode(operation));

    assertThat(client.call(FEATURE, request).payload()).isEqualTo(request);
  }

  @ParameterizedTest
  @CsvSource({
    "16, 0x20001", // set of what can only be got
    "16, 0x70001",
    "2, 0x10001", // argsz
    "8, 0x10001",
    "8, 0x10002",
    "15, 0x20002",
    "16, 0x1", // no operation
    "16, 0x30002", // two operations
    "64, 0x20006", // dirty logging
    "64, 0x20007",
    "64, 0x10008",
    "64, 0x40006",
    "16, 0x10003", // unknown
    "16, 0x1ffff"
  })
  void aWrongRequestIsRefused(int argsz, String flags) {
    byte[] request = RawClient.words(argsz, Integer.decode(flags), 1, 0);

    assertThat(client.errno(FEATURE, request)).isEqualTo(EINVAL);
  }

  @Test
  void aSetWithoutItsDataIsRefused() {
    assertThat(client.errno(FEATURE, RawClient.words(16, STATE | SET))).isEqualTo(EINVAL);
    assertThat(client.errno(FEATURE, RawClient.words(16, STATE | SET, 1))).isEqualTo(EINVAL);
  }

  static Stream<Object[]> pairs() {
    List<Object[]> pairs = new ArrayList<>();
    for (int from : new int[] {STOP, RUNNING, STOP_COPY}) {
      for (int to : new int[] {STOP, RUNNING, STOP_COPY, RESUMING}) {
        pairs.add(new Object[] {from, to});
      }
    }
    return pairs.stream();
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void everyStateIsReachedFromEveryOther(int from, int to) {
    assertThat(enter(from)).isZero();
    assertThat(enter(to)).isZero();

    assertThat(state()).isEqualTo(to);
  }

  @ParameterizedTest
  @CsvSource({"0", "5", "6", "7", "0xabcd", "-1"})
  void aStateThatIsNotOfferedIsRefused(String state) {
    assertThat(enter(Integer.decode(state))).isEqualTo(EINVAL);
    assertThat(enter(STOP_COPY)).isZero();
    assertThat(enter(Integer.decode(state))).isEqualTo(EINVAL);
    assertThat(state()).isEqualTo(STOP_COPY);
  }

  @Test
  void theStateIsTakenOutAndPutIn() {
    new Random(1).nextBytes(device.registers);
    assertThat(enter(STOP_COPY)).isZero();
    byte[] saved = new byte[STATE_SIZE];
    System.arraycopy(readData(1000), 0, saved, 0, 1000);
    System.arraycopy(readData(2000), 0, saved, 1000, 2000);
    assertThat(readData(64)).isEmpty();
    assertThat(saved).isEqualTo(Arrays.copyOf(device.registers, STATE_SIZE));

    Arrays.fill(device.registers, (byte) 0);
    assertThat(enter(RESUMING)).isZero();
    assertThat(writeData(saved, 0, 2500)).isZero();
    assertThat(writeData(saved, 2500, 500)).isZero();
    assertThat(enter(RUNNING)).isZero();

    assertThat(Arrays.copyOf(device.registers, STATE_SIZE)).isEqualTo(saved);
    assertThat(device.events).containsExactly("stop", "run");
  }

  @Test
  void anIncompleteStateIsAnErrorThatOnlyAResetLeaves() {
    assertThat(enter(RESUMING)).isZero();
    assertThat(writeData(new byte[10], 0, 10)).isZero();
    assertThat(enter(RUNNING)).isNotZero();
    assertThat(state()).isZero();
    assertThat(enter(RUNNING)).isEqualTo(EINVAL);

    assertThat(client.errno(13, new byte[0])).isZero();

    assertThat(state()).isEqualTo(RUNNING);
  }

  @Test
  void aStateThatIsTooLongIsRefused() {
    assertThat(enter(RESUMING)).isZero();
    assertThat(writeData(new byte[4000], 0, 4000)).isEqualTo(EINVAL);
    assertThat(state()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "4"})
  void dataAreReadInStopCopyOnly(int state) {
    enter(state);
    assertThat(client.errno(DATA_READ, RawClient.words(16, 8))).isEqualTo(EINVAL);
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "3"})
  void dataAreWrittenInResumingOnly(int state) {
    enter(state);
    assertThat(writeData(new byte[8], 0, 8)).isEqualTo(EINVAL);
  }

  @Test
  void dataThatDoNotFitTheirSizeAreRefused() {
    enter(STOP_COPY);
    assertThat(client.errno(DATA_READ, RawClient.words(16, (1 << 20) + 1))).isEqualTo(EINVAL);
    assertThat(client.errno(DATA_READ, RawClient.words(15, 8))).isEqualTo(EINVAL);
    enter(RESUMING);
    assertThat(client.errno(DATA_WRITE, RawClient.words(16, 8, 1))).isEqualTo(EINVAL);
    assertThat(client.errno(DATA_WRITE, RawClient.words(16, -1, 1, 2))).isEqualTo(EINVAL);
    assertThat(client.errno(DATA_WRITE, RawClient.words(15, 8, 1, 2))).isEqualTo(EINVAL);
  }

  @Test
  void aDeviceBeingCopiedIsNotAccessed() {
    byte[] read = RegionAccessIT.access(0, 0, 4);
    enter(STOP_COPY);
    assertThat(client.errno(9, read)).isEqualTo(EINVAL);
    assertThat(client.errno(4, RawClient.words(16, 0, 0, 0))).isEqualTo(EINVAL);
    enter(STOP);
    assertThat(client.errno(9, read)).isZero();
    assertThat(client.errno(4, RawClient.words(16, 0, 0, 0))).isEqualTo(EINVAL);
    enter(RUNNING);
    assertThat(client.errno(4, RawClient.words(16, 0, 0, 0))).isZero();
  }
}
