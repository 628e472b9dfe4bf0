package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.raw.RawClient.EINVAL;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nvlink2vmm.vmm.nativeio.Mapping;

/** REGION_READ, REGION_WRITE, REGION_WRITE_MULTI. */
class RegionAccessIT extends ServerFixture {
  private static final int READ = 9;
  private static final int WRITE = 10;
  private static final int MULTI = 15;
  private static final int DATA_LIMIT = 1 << 20;

  @Override
  String capabilities() {
    return "{\"capabilities\":{\"write_multiple\":true}}";
  }

  static byte[] access(long offset, int region, int count, byte... data) {
    RawClient.Bytes payload = RawClient.bytes(16 + data.length);
    payload.u64(offset).u32(region).u32(count).put(data);
    return payload.array();
  }

  private byte[] read(long offset, int region, int count) {
    RawClient.Reply reply = client.call(READ, access(offset, region, count));
    assertThat(reply.errno()).isZero();
    assertThat(Arrays.copyOf(reply.payload(), 16)).isEqualTo(access(offset, region, count));
    return Arrays.copyOfRange(reply.payload(), 16, reply.payload().length);
  }

  private void write(long offset, int region, byte... data) {
    RawClient.Reply reply = client.call(WRITE, access(offset, region, data.length, data));
    assertThat(reply.errno()).isZero();
    assertThat(reply.payload()).isEqualTo(access(offset, region, data.length));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 8, 16, 100, 4096, 65536, 212_992, 300_000, DATA_LIMIT})
  void whatIsWrittenIsRead(int count) {
    byte[] data = new byte[count];
    new Random(count).nextBytes(data);

    write(64, ScratchDevice.REGISTERS, data);

    assertThat(read(64, ScratchDevice.REGISTERS, count)).isEqualTo(data);
    assertThat(Arrays.copyOfRange(device.registers, 64, 64 + count)).isEqualTo(data);
  }

  @Test
  void theLastBytesOfARegionAreReached() {
    write(
        ScratchDevice.REGISTERS_SIZE - 4,
        ScratchDevice.REGISTERS,
        (byte) 1,
        (byte) 2,
        (byte) 3,
        (byte) 4);

    assertThat(read(ScratchDevice.REGISTERS_SIZE - 1, ScratchDevice.REGISTERS, 1))
        .containsExactly(4);
    assertThat(read((1L << 34) - 8, ScratchDevice.SPECIFIC, 8)).containsOnly(9);
  }

  @ParameterizedTest
  @CsvSource({
    "2097149, 0, 4",
    "2097153, 0, 1",
    "-1, 0, 256",
    "-4, 0, 4",
    "0, 0, 1048577",
    "0, 0, -1",
    "0, 3, 4",
    "0, 8, 4",
    "0, 10, 4",
    "0, -1, 4"
  })
  void anAccessThatCannotBeIsRefused(long offset, int region, int count) {
    assertThat(client.errno(READ, access(offset, region, count))).isEqualTo(EINVAL);
    int data = Integer.compareUnsigned(count, 64) < 0 ? count : 0;
    assertThat(client.errno(WRITE, access(offset, region, count, new byte[data])))
        .isEqualTo(EINVAL);
  }

  @Test
  void nothingIsReadAndWrittenWithAnEmptyReply() {
    assertThat(client.call(READ, access(0, 0, 0)).payload()).isEmpty();
    assertThat(client.call(WRITE, access(0, 0, 0)).payload()).isEmpty();
    assertThat(client.call(READ, access(0, ScratchDevice.ABSENT, 0)).payload()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"4, 3", "4, 5", "0, 1", "8, 0"})
  void dataThatDoNotFitTheirCountAreRefused(int count, int bytes) {
    assertThat(client.errno(WRITE, access(0, 0, count, new byte[bytes]))).isEqualTo(EINVAL);
    assertThat(device.register(0)).isZero();
  }

  @Test
  void whatTheDeviceRefusesReadsAllOnesAndIsCounted() {
    assertThat(read(0, ScratchDevice.BROKEN, 8)).containsOnly(0xff);
    write(0, ScratchDevice.BROKEN, (byte) 1);

    assertThat(server.status().refusedByDevice()).isEqualTo(2);
    assertThat(server.accesses().refused()).hasSize(2);
  }

  @Test
  void aGuestThatReadsOneRegisterAgainAndAgainIsNoticedOnce() {
    for (int i = 0; i < 5000; i++) {
      client.post(READ, 0x10, access(64, ScratchDevice.REGISTERS, 4));
    }
    read(0, ScratchDevice.CONFIG, 4);

    assertThat(server.accesses().spinCount()).isEqualTo(1);
    assertThat(server.accesses().spins().getFirst().toString()).contains("scratch region 0");
  }

  @Test
  void mappedMemoryIsTheMemoryOfMessages() {
    RawClient.Reply reply =
        client.call(5, RawClient.words(32, 0, ScratchDevice.MEMORY, 0, 0, 0, 0, 0));
    try (Mapping mapping =
        Mapping.shared(
            reply.descriptors().getFirst(),
            0,
            ScratchDevice.MEMORY_SIZE,
            Mapping.Protection.READ_WRITE)) {
      mapping.segment().set(ValueLayout.JAVA_BYTE, 4097, (byte) 0x5a);
      assertThat(read(4097, ScratchDevice.MEMORY, 1)).containsExactly(0x5a);

      write(8191, ScratchDevice.MEMORY, (byte) 0x77);
      assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, 8191)).isEqualTo((byte) 0x77);
    }
    reply.closeDescriptors();
  }

  private static byte[] multi(long count, long[]... writes) {
    RawClient.Bytes payload = RawClient.bytes(8 + 24 * writes.length).u64(count);
    for (long[] write : writes) {
      payload.u64(write[0]).u32((int) write[1]).u32((int) write[2]).u64(write[3]);
    }
    return payload.array();
  }

  @Test
  void manyWritesInOneMessageAreDoneInOrder() {
    byte[] writes =
        multi(3, new long[] {0, 0, 8, -1L}, new long[] {0, 0, 4, 0x1234}, new long[] {9, 0, 1, 7});

    RawClient.Reply reply = client.call(MULTI, writes);

    assertThat(reply.errno()).isZero();
    assertThat(reply.data().getLong(0)).isEqualTo(3);
    assertThat(device.register(0)).isEqualTo(0x1234);
    assertThat(device.register(4)).isEqualTo(-1);
    assertThat(device.registers[9]).isEqualTo((byte) 7);
  }

  @Test
  void oneBadWriteAmongManyStopsThemAll() {
    assertThat(client.errno(MULTI, multi(2, new long[] {0, 0, 4, 5}, new long[] {0, 0, 9, 5})))
        .isEqualTo(EINVAL);
    assertThat(client.errno(MULTI, multi(2, new long[] {0, 0, 4, 5}, new long[] {0, 99, 4, 5})))
        .isEqualTo(EINVAL);
    assertThat(client.errno(MULTI, multi(2, new long[] {0, 0, 4, 5}))).isEqualTo(EINVAL);
    assertThat(client.errno(MULTI, multi(-1))).isEqualTo(EINVAL);
    assertThat(device.register(0)).isZero();
  }
}
