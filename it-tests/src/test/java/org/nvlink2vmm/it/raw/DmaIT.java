package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.nvlink2vmm.it.raw.RawClient.EINVAL;
import static org.nvlink2vmm.it.raw.RawClient.ENOENT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;

/** DMA_MAP, DMA_UNMAP, and what the device reaches through them. */
class DmaIT extends ServerFixture {
  private static final int MAP = 2;
  private static final int UNMAP = 3;
  private static final int READ_WRITE = 3;
  private static final int EEXIST = 17;
  private static final int ENOSPC = 28;
  private static final long GUEST_RAM = 1 << 20;

  private RamBlock ram;

  @BeforeEach
  void makeRam() {
    ram = RamBlock.ofShareable("guest", GUEST_RAM);
  }

  @AfterEach
  void closeRam() {
    ram.close();
  }

  private static byte[] map(int argsz, int flags, long offset, long iova, long size) {
    RawClient.Bytes payload = RawClient.bytes(32);
    return payload.u32(argsz).u32(flags).u64(offset).u64(iova).u64(size).array();
  }

  private static byte[] unmap(int argsz, int flags, long iova, long size) {
    return RawClient.bytes(24).u32(argsz).u32(flags).u64(iova).u64(size).array();
  }

  private int map(int flags, long offset, long iova, long size, OwnedFd... fds) {
    return client.errno(MAP, map(32, flags, offset, iova, size), fds);
  }

  private int unmap(long iova, long size) {
    return client.errno(UNMAP, unmap(24, 0, iova, size));
  }

  private void mapRam(long offset, long iova, long size) {
    assertThat(map(READ_WRITE, offset, iova, size, ram.fd().get())).isZero();
  }

  /** Switches the function's Bus Master bit as a guest does. */
  private void busMaster(boolean on) {
    byte[] write = RegionAccessIT.access(4, ScratchDevice.CONFIG, 2, (byte) (on ? 4 : 0), (byte) 0);
    assertThat(client.errno(10, write)).isZero();
  }

  private boolean deviceWrites(long iova, int size) {
    return device.dma.write(iova, Arena.ofAuto().allocate(size).fill((byte) 0x42));
  }

  @ParameterizedTest
  @CsvSource({
    "31, 3, 0, 0, 4096", // argsz
    "32, 16, 0, 0, 4096", // unknown flag
    "32, 7, 0, 0, 4096", // by mmap, without a descriptor
    "32, 11, 0, 0, 4096", // by file access, without a descriptor
    "32, 3, 0, 0, 0", // nothing
    "32, 3, 0, -4096, 8192" // beyond the last address
  })
  void aWrongMapIsRefused(int argsz, int flags, long offset, long iova, long size) {
    assertThat(client.errno(MAP, map(argsz, flags, offset, iova, size))).isEqualTo(EINVAL);
    assertThat(server.status().dmaMaps()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"0, 1048577", "4096, 1048576", "1048576, 1", "-4096, 4096", "9223372036854775807, 2"})
  void aFileThatIsTooShortIsRefused(long offset, long size) {
    assertThat(map(READ_WRITE, offset, 0, size, ram.fd().get())).isEqualTo(EINVAL);
    assertThat(Mapping.live()).isEqualTo(3);
  }

  @Test
  void aFileToBeMappedAndToBeReadIsRefused() {
    assertThat(map(READ_WRITE | 12, 0, 0, 4096, ram.fd().get())).isEqualTo(EINVAL);
    assertThat(map(READ_WRITE | 4, 0, 0, 4096, ram.fd().get())).isZero();
    assertThat(map(READ_WRITE | 8, 0, 4096, 4096, ram.fd().get())).isZero();
  }

  @Test
  void twoDescriptorsAreRefused() {
    assertThat(map(READ_WRITE, 0, 0, 4096, ram.fd().get(), ram.fd().get())).isEqualTo(EINVAL);
  }

  @Test
  void moreThanEightTebibytesHaveNoPlace() {
    assertThat(map(READ_WRITE, 0, 0, (8L << 40) + 4096)).isEqualTo(ENOSPC);
    assertThat(map(READ_WRITE, 0, 0, 8L << 40)).isZero();
  }

  @Test
  void anOverlapIsRefusedAndTheSameMapAgainIsNot() {
    mapRam(0, 0x10000, 0x4000);

    mapRam(0, 0x10000, 0x4000);
    assertThat(map(READ_WRITE, 0x4000, 0x10000, 0x4000, ram.fd().get())).isEqualTo(EINVAL);
    assertThat(map(1, 0, 0x10000, 0x4000, ram.fd().get())).isEqualTo(EINVAL);
    assertThat(map(READ_WRITE, 0, 0x10000, 0x4000)).isEqualTo(EINVAL);
    assertThat(map(READ_WRITE, 0, 0x13fff, 0x1000, ram.fd().get())).isEqualTo(EEXIST);
    assertThat(map(READ_WRITE, 0, 0xf000, 0x1001)).isEqualTo(EEXIST);
    assertThat(map(READ_WRITE, 0, 0, 1 << 20)).isEqualTo(EEXIST);
    assertThat(server.status().dmaMaps()).isEqualTo(1);
  }

  @Test
  void manyMapsOfOneFileAreOneMapping() {
    int before = Mapping.live();

    for (int page = 0; page < 256; page++) {
      mapRam(page * 4096L, 0x8000_0000L + page * 8192L, 4096);
    }

    assertThat(Mapping.live()).isEqualTo(before + 1);
    assertThat(client.errno(UNMAP, unmap(24, 2, 0, 0))).isZero();
    assertThat(server.status().dmaMaps()).isZero();
  }

  @Test
  void moreMapsThanAnnouncedAreRefused() {
    for (int page = 0; page < 65535; page++) {
      client.post(MAP, 0x10, map(32, READ_WRITE, 0, page * 8192L, 4096));
    }

    assertThat(map(READ_WRITE, 0, 1L << 40, 4096)).isEqualTo(EINVAL);
    assertThat(server.status().dmaMaps()).isEqualTo(65535);
  }

  @ParameterizedTest
  @CsvSource({
    "23, 0, 0, 4096", // argsz
    "8, 0, 0, 4096",
    "1048577, 0, 0, 4096",
    "24, 4, 0, 4096", // unknown flag
    "24, 1, 0, 4096", // dirty pages, which are not logged
    "24, 2, 4096, 0", // all, with an address
    "24, 2, 0, 4096", // all, with a size
    "24, 3, 0, 0",
    "24, 0, 0, 0",
    "24, 0, -4096, 8192"
  })
  void aWrongUnmapIsRefused(int argsz, int flags, long iova, long size) {
    mapRam(0, 0, 4096);

    assertThat(client.errno(UNMAP, unmap(argsz, flags, iova, size))).isEqualTo(EINVAL);
    assertThat(server.status().dmaMaps()).isEqualTo(1);
  }

  @Test
  void anUnmapIsEchoedAndTakesTheMappingAway() {
    mapRam(0, 0x1000, 0x1000);

    RawClient.Reply reply = client.call(UNMAP, unmap(24, 0, 0x1000, 0x1000));

    assertThat(reply.payload()).isEqualTo(unmap(24, 0, 0x1000, 0x1000));
    assertThat(server.status().dmaMaps()).isZero();
  }

  @Test
  void anUnmapOfNothingIsAnsweredWithSuccess() {
    assertThat(unmap(0x1000, 0x1000)).isZero();
  }

  @Test
  void anUnmapOfAPartIsRefusedAndOneOfSeveralTakesThemAll() {
    mapRam(0, 0x1000, 0x1000);
    mapRam(0x1000, 0x2000, 0x1000);
    mapRam(0x2000, 0x4000, 0x1000);

    assertThat(unmap(0x1800, 0x100)).isEqualTo(ENOENT);
    assertThat(unmap(0x1000, 0x1800)).isEqualTo(ENOENT);
    assertThat(unmap(0x800, 0x900)).isEqualTo(ENOENT);
    assertThat(server.status().dmaMaps()).isEqualTo(3);
    assertThat(unmap(0, 0x4000)).isZero();
    assertThat(server.status().dmaMaps()).isEqualTo(1);
  }

  @Test
  void theDeviceReachesGuestMemoryThroughTheFile() {
    busMaster(true);
    mapRam(0x8000, 0x10_0000, 0x2000);

    assertThat(deviceWrites(0x10_0ff0, 0x20)).isTrue();

    assertThat(ram.segment().get(ValueLayout.JAVA_BYTE, 0x8fef)).isZero();
    assertThat(ram.segment().get(ValueLayout.JAVA_BYTE, 0x8ff0)).isEqualTo((byte) 0x42);
    assertThat(ram.segment().get(ValueLayout.JAVA_BYTE, 0x900f)).isEqualTo((byte) 0x42);
    MemorySegment back = Arena.ofAuto().allocate(1);
    assertThat(device.dma.read(0x10_100f, back)).isTrue();
    assertThat(back.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0x42);
  }

  @Test
  void aTransferSpansMappingsThatFollowEachOther() {
    busMaster(true);
    mapRam(0x8000, 0x1000, 0x1000);
    mapRam(0, 0x2000, 0x1000);

    assertThat(deviceWrites(0x1fff, 2)).isTrue();

    assertThat(ram.segment().get(ValueLayout.JAVA_BYTE, 0x8fff)).isEqualTo((byte) 0x42);
    assertThat(ram.segment().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0x42);
    assertThat(deviceWrites(0x2fff, 2)).isFalse();
  }

  @Test
  void theDeviceReachesNothingWithBusMasterOff() {
    mapRam(0, 0, 0x1000);
    assertThat(deviceWrites(0, 4)).isFalse();
    busMaster(true);
    assertThat(deviceWrites(0, 4)).isTrue();
    busMaster(false);
    assertThat(deviceWrites(0, 4)).isFalse();
    assertThat(server.status().dmaRefused()).isEqualTo(2);
  }

  @Test
  void theDeviceReachesNothingThatIsNotMappedOrNotForThisDirection() {
    busMaster(true);
    assertThat(map(1, 0, 0, 0x1000, ram.fd().get())).isZero();
    mapRam(0, 0x4000, 0x1000);

    assertThat(deviceWrites(0, 4)).isFalse();
    assertThat(device.dma.read(0, Arena.ofAuto().allocate(4))).isTrue();
    assertThat(deviceWrites(0x2000, 4)).isFalse();
    assertThat(deviceWrites(0x4fff, 2)).isFalse();
    assertThat(unmap(0x4000, 0x1000)).isZero();
    assertThat(deviceWrites(0x4000, 4)).isFalse();
  }

  @Test
  void memoryWithoutAFileIsReadAndWrittenByMessage() throws Exception {
    busMaster(true);
    assertThat(map(READ_WRITE, 0, 0x1000, 0x1000)).isZero();
    MemorySegment data = Arena.ofShared().allocate(4);

    var reading = CompletableFuture.supplyAsync(() -> device.dma.read(0x1100, data));
    RawClient.Reply asked = client.receive();
    assertThat(asked.command()).isEqualTo(11);
    assertThat(asked.payload()).isEqualTo(RawClient.bytes(16).u64(0x1100).u64(4).array());
    byte[] answer = RawClient.bytes(20).u64(0x1100).u64(4).u32(0x12345678).array();
    client.send(RawClient.message(asked.id(), 11, 1, answer));
    assertThat(reading.get(60, TimeUnit.SECONDS)).isTrue();
    assertThat(data.get(ValueLayout.JAVA_INT, 0)).isEqualTo(0x12345678);

    var writing = CompletableFuture.supplyAsync(() -> device.dma.write(0x1ffc, data));
    asked = client.receive();
    assertThat(asked.command()).isEqualTo(12);
    assertThat(asked.data().getInt(16)).isEqualTo(0x12345678);
    client.send(RawClient.message(asked.id(), 12, 1, new byte[0]));
    assertThat(writing.get(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void memoryOfTheAskingThreadAloneIsFilledByIt() throws Exception {
    busMaster(true);
    assertThat(map(READ_WRITE, 0, 0x1000, 0x1000)).isZero();

    var reading =
        CompletableFuture.supplyAsync(
            () -> {
              try (Arena own = Arena.ofConfined()) {
                MemorySegment data = own.allocate(4);
                return device.dma.read(0x1100, data) ? data.get(ValueLayout.JAVA_INT, 0) : 0;
              }
            });
    RawClient.Reply asked = client.receive();
    byte[] answer = RawClient.bytes(20).u64(0x1100).u64(4).u32(0x12345678).array();
    client.send(RawClient.message(asked.id(), 11, 1, answer));

    assertThat(reading.get(60, TimeUnit.SECONDS)).isEqualTo(0x12345678);
  }

  @ParameterizedTest
  @CsvSource({"0x21, 16", "1, 16", "1, 19", "1, 21"})
  void aFailedOrShortAnswerMovesNothing(String flags, int size) throws Exception {
    busMaster(true);
    assertThat(map(READ_WRITE, 0, 0x1000, 0x1000)).isZero();
    MemorySegment data = Arena.ofShared().allocate(4);

    var reading = CompletableFuture.supplyAsync(() -> device.dma.read(0x1100, data));
    RawClient.Reply asked = client.receive();
    byte[] answer = new byte[size];
    java.util.Arrays.fill(answer, (byte) -1);
    client.send(RawClient.message(asked.id(), 11, Integer.decode(flags), answer));

    assertThat(reading.get(60, TimeUnit.SECONDS)).isFalse();
    assertThat(data.get(ValueLayout.JAVA_INT, 0)).isZero();
  }

  @Test
  void aClientThatLeavesEndsTheWaitForItsAnswer() throws Exception {
    busMaster(true);
    assertThat(map(READ_WRITE, 0, 0x1000, 0x1000)).isZero();

    var reading =
        CompletableFuture.supplyAsync(() -> device.dma.read(0x1100, Arena.ofShared().allocate(4)));
    client.receive();
    client.close();

    assertThat(reading.get(4, TimeUnit.SECONDS)).isFalse();
  }

  @Test
  void aFileThatIsCutShortAfterwardsIsMemoryThatIsNotThere() throws Exception {
    busMaster(true);
    try (OwnedFd guest = Libc.memfd("guest", GUEST_RAM)) {
      assertThat(map(READ_WRITE, 0, 0, GUEST_RAM, guest)).isZero();
      Path file = Path.of("/proc/self/fd/" + guest.number());
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(0);
      }
    }

    assertThat(deviceWrites(0x8000, 4)).isFalse();
    assertThat(client.errno(4, RawClient.words(16, 0, 0, 0))).isZero();
  }
}
