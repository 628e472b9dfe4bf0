package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.raw.RawClient.EINVAL;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** DEVICE_GET_INFO, GET_REGION_INFO, GET_REGION_IO_FDS, GET_IRQ_INFO. */
class DeviceInfoIT extends ServerFixture {
  private static final int INFO = 4;
  private static final int REGION = 5;
  private static final int IO_FDS = 6;
  private static final int IRQ = 7;
  private static final int MAPPABLE = 7;

  private static byte[] region(int argsz, int index) {
    return RawClient.words(argsz, 0, index, 0, 0, 0, 0, 0);
  }

  @Test
  void infoCountsRegionsAndInterrupts() {
    RawClient.Reply reply = client.call(INFO, RawClient.words(32, 0, 0, 0));

    assertThat(reply.payload()).isEqualTo(RawClient.words(16, 3, 10, 5));
    assertThat(client.errno(INFO, RawClient.words(16, 0))).isEqualTo(EINVAL);
    assertThat(client.errno(INFO, RawClient.words(8, 0, 0, 0))).isEqualTo(EINVAL);
  }

  @ParameterizedTest
  @CsvSource({"31, 0", "8, 0", "32, 10", "32, -1"})
  void aRegionThatIsNotThereOrHasNoRoomIsRefused(int argsz, int index) {
    assertThat(client.errno(REGION, region(argsz, index))).isEqualTo(EINVAL);
  }

  @Test
  void registersCannotBeMapped() {
    RawClient.Reply reply = client.call(REGION, region(40, ScratchDevice.REGISTERS));

    assertThat(reply.descriptors()).isEmpty();
    assertThat(reply.payload()).hasSize(32);
    assertThat(reply.data().getInt(0)).isEqualTo(32);
    assertThat(reply.data().getInt(4)).isEqualTo(3);
    assertThat(reply.data().getInt(12)).isZero();
    assertThat(reply.data().getLong(16)).isEqualTo(ScratchDevice.REGISTERS_SIZE);
  }

  @Test
  void memoryComesWithADescriptorAndItsOffset() {
    RawClient.Reply reply = client.call(REGION, region(32, ScratchDevice.MEMORY));

    assertThat(reply.descriptors()).hasSize(1);
    reply.closeDescriptors();
    assertThat(reply.data().getInt(4)).isEqualTo(MAPPABLE);
    assertThat(reply.data().getLong(24)).isZero();
  }

  @Test
  void withoutRoomForTheAreasTheSizeNeededIsAnsweredAndNoDescriptor() {
    RawClient.Reply reply = client.call(REGION, region(32, ScratchDevice.SPARSE));

    assertThat(reply.descriptors()).isEmpty();
    assertThat(reply.payload()).hasSize(32);
    assertThat(reply.data().getInt(0)).isEqualTo(80);
    assertThat(reply.data().getInt(4)).isEqualTo(MAPPABLE);
    assertThat(reply.data().getInt(12)).isZero();
  }

  @Test
  void withRoomTheAreasFollow() {
    RawClient.Reply reply = client.call(REGION, region(80, ScratchDevice.SPARSE));
    reply.closeDescriptors();
    ByteBuffer data = reply.data();

    assertThat(reply.descriptors()).hasSize(1);
    assertThat(reply.payload()).hasSize(80);
    assertThat(data.getInt(0)).isEqualTo(80);
    assertThat(data.getInt(4)).isEqualTo(15);
    assertThat(data.getInt(12)).isEqualTo(32);
    assertThat(data.getShort(32)).isEqualTo((short) 1);
    assertThat(data.getShort(34)).isEqualTo((short) 1);
    assertThat(data.getInt(36)).isZero();
    assertThat(data.getInt(40)).isEqualTo(2);
    assertThat(data.getLong(48)).isEqualTo(0x1000);
    assertThat(data.getLong(64)).isEqualTo(0x8000);
  }

  @Test
  void regionNineSaysWhatItIs() {
    RawClient.Reply reply = client.call(REGION, region(4096, ScratchDevice.SPECIFIC));
    ByteBuffer data = reply.data();

    assertThat(data.getInt(0)).isEqualTo(reply.payload().length).isEqualTo(80);
    assertThat(data.getLong(16)).isEqualTo(ScratchDevice.SPECIFIC_SIZE);
    assertThat(data.getShort(32)).isEqualTo((short) 2);
    assertThat(data.getInt(40)).isEqualTo(0x8000_10de);
    assertThat(data.getInt(44)).isEqualTo(1);
    assertThat(data.getShort(48)).isEqualTo((short) 4);
    assertThat(data.getLong(56)).isEqualTo(0x2000_0000_0000L);
    assertThat(data.getShort(64)).isEqualTo((short) 5);
    assertThat(data.getInt(72)).isEqualTo(9);
  }

  @ParameterizedTest
  @ValueSource(ints = {ScratchDevice.ABSENT, 5, 6, 8})
  void aRegionThatIsAbsentHasNoFlagsAndNoSize(int index) {
    RawClient.Reply reply = client.call(REGION, region(32, index));

    assertThat(reply.errno()).isZero();
    assertThat(reply.data().getInt(4)).isZero();
    assertThat(reply.data().getLong(16)).isZero();
  }

  @Test
  void aLongerRequestIsTakenAsSpdkSendsIt() {
    byte[] longer = java.util.Arrays.copyOf(region(128, ScratchDevice.CONFIG), 128);

    RawClient.Reply reply = client.call(REGION, longer);

    assertThat(reply.payload()).hasSize(32);
    assertThat(reply.data().getLong(16)).isEqualTo(4096);
  }

  @Test
  void noRegionSignalsByDescriptor() {
    assertThat(client.call(IO_FDS, RawClient.words(16, 0, 0, 0)).payload())
        .isEqualTo(RawClient.words(16, 0, 0, 0));
    assertThat(client.call(IO_FDS, RawClient.words(1 << 20, 0, 1, 0)).payload())
        .isEqualTo(RawClient.words(16, 0, 1, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "16, 1, 0, 0",
    "16, 0, 0, 1",
    "15, 0, 0, 0",
    "1048577, 0, 0, 0",
    "16, 0, 512, 0",
    "16, 0, 3, 0"
  })
  void wrongQuestionsForDescriptorsAreRefused(int argsz, int flags, int index, int count) {
    assertThat(client.errno(IO_FDS, RawClient.words(argsz, flags, index, count))).isEqualTo(EINVAL);
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 8", "2, 2048", "3, 1", "4, 1"})
  void interruptsAreCounted(int index, int count) {
    assertThat(client.call(IRQ, RawClient.words(32, 0, index, 0)).payload())
        .isEqualTo(RawClient.words(16, 1, index, count));
  }

  @ParameterizedTest
  @CsvSource({"8, 0", "16, 5", "16, -1"})
  void wrongQuestionsForInterruptsAreRefused(int argsz, int index) {
    assertThat(client.errno(IRQ, RawClient.words(argsz, 0, index, 0))).isEqualTo(EINVAL);
  }
}
