package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nvlink2vmm.vmm.iommu.DmaSpace;
import org.nvlink2vmm.vmm.iommu.RamDma;
import org.nvlink2vmm.vmm.irq.InterruptSink;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.Mapping;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.vfio.Errno;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.RegionCapability;
import org.nvlink2vmm.vmm.vfio.VfioException;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/** The client's device is the server's device. */
@Timeout(60)
class ClientIT {
  @TempDir Path folder;
  private int descriptorsBefore;
  private int mappingsBefore;
  private ScratchDevice scratch;
  private VfioUserServer server;
  private VfioUserDevice device;

  @BeforeEach
  void connect() {
    descriptorsBefore = OwnedFd.live();
    mappingsBefore = Mapping.live();
    scratch = new ScratchDevice();
    scratch.busMaster(true);
    server = VfioUserServer.listen(folder.resolve("s"), scratch);
    device = VfioUserDevice.connect(server.path());
  }

  @AfterEach
  void closeAll() {
    device.close();
    server.close();
    scratch.close();
    assertThat(OwnedFd.live()).isEqualTo(descriptorsBefore);
    assertThat(Mapping.live()).isEqualTo(mappingsBefore);
  }

  @Test
  void itIsDescribedAsTheServersIs() {
    assertThat(device.info()).isEqualTo(scratch.info());
    for (int index : new int[] {0, 2, 3, 4, 7, 9}) {
      assertThat(device.regionInfo(index).size()).isEqualTo(scratch.regionInfo(index).size());
      assertThat(device.regionInfo(index).capabilities())
          .isEqualTo(scratch.regionInfo(index).capabilities());
    }
    assertThat(
            device
                .regionInfo(ScratchDevice.SPECIFIC)
                .capability(RegionCapability.Nvlink2SsaTarget.class))
        .contains(new RegionCapability.Nvlink2SsaTarget(0x2000_0000_0000L));
    assertThat(device.irqInfo(2).count()).isEqualTo(ScratchDevice.MSIX_VECTORS);
  }

  @Test
  void whatIsWrittenIsReadInAnyLength() {
    for (int size : new int[] {1, 4, 7, 4096, (1 << 20) + 5}) {
      byte[] data = new byte[size];
      new Random(size).nextBytes(data);
      MemorySegment back = Arena.ofAuto().allocate(size);

      assertThat(device.write(0, 3, MemorySegment.ofArray(data))).isEqualTo(size);
      assertThat(device.read(0, 3, back)).isEqualTo(size);

      assertThat(back.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(data);
    }
  }

  @Test
  void memoryOfAThreadAloneIsFilledAndMemoryNotToBeWrittenRefused() {
    try (Arena own = Arena.ofConfined()) {
      MemorySegment word = own.allocate(4).fill((byte) 0x5a);
      assertThat(device.write(0, 8, word)).isEqualTo(4);
      MemorySegment back = own.allocate(4);
      assertThat(device.read(0, 8, back)).isEqualTo(4);
      assertThat(back.mismatch(word)).isEqualTo(-1);
    }
    MemorySegment readOnly = Arena.ofAuto().allocate(4).asReadOnly();
    assertThat(device.read(0, 8, readOnly)).isEqualTo(-Errno.EFAULT.number());
    assertThat(device.read(0, 8, Arena.ofAuto().allocate(4))).isEqualTo(4);
  }

  @Test
  void anAccessIsCutAtTheEndAndRefusedBehindIt() {
    MemorySegment eight = Arena.ofAuto().allocate(8);

    assertThat(device.read(0, ScratchDevice.REGISTERS_SIZE - 3, eight)).isEqualTo(3);
    assertThat(device.read(0, ScratchDevice.REGISTERS_SIZE, eight))
        .isEqualTo(-Errno.EINVAL.number());
    assertThat(device.read(99, 0, eight)).isEqualTo(-Errno.EINVAL.number());
    assertThat(device.read(ScratchDevice.ABSENT, 0, eight)).isEqualTo(-Errno.EINVAL.number());
  }

  @Test
  void memoryWithAFileIsTouchedDirectlyAndRegistersByMessage() {
    RegionBacking.Direct memory = (RegionBacking.Direct) device.backing(ScratchDevice.MEMORY);
    memory.segment().set(ValueLayout.JAVA_BYTE, 5, (byte) 0x33);
    assertThat(scratch.memory.segment().get(ValueLayout.JAVA_BYTE, 5)).isEqualTo((byte) 0x33);

    RegionBacking.Trapped registers = (RegionBacking.Trapped) device.backing(0);
    registers.handler().write(8, 4, 0xcafef00dL);
    assertThat(scratch.register(8)).isEqualTo(0xcafef00d);
    assertThat(registers.handler().read(8, 4)).isEqualTo(0xcafef00dL);
    assertThat(device.mmap(ScratchDevice.MEMORY, 4096, 4096).length()).isEqualTo(4096);
    assertThatThrownBy(() -> device.mmap(0, 0, 4096)).isInstanceOf(VfioException.class);
  }

  @Test
  void interruptsArrive() throws Exception {
    BlockingQueue<String> fired = new ArrayBlockingQueue<>(10);
    device.connect((index, vector) -> fired.add(index + "." + vector));

    scratch.sink.trigger(0, 0);
    assertThat(fired.poll(60, TimeUnit.SECONDS)).isEqualTo("0.0");
    scratch.sink.trigger(1, 7);
    assertThat(fired.poll(60, TimeUnit.SECONDS)).isEqualTo("1.7");
    scratch.sink.trigger(2, 63);
    assertThat(fired.poll(60, TimeUnit.SECONDS)).isEqualTo("2.63");
    device.maskIntx(true);
    device.maskIntx(false);
    assertThat(scratch.events).containsExactly("mask", "unmask");
    device.connect(InterruptSink.NONE);
  }

  @Test
  void guestMemoryInAFileIsReachedWithoutAMessage() {
    try (RamBlock low = RamBlock.ofShareable("low", 1 << 16);
        RamBlock high = RamBlock.ofShareable("high", 1 << 16)) {
      device.attach(new RamDma(0x10000, low));
      MemorySegment data = Arena.ofShared().allocate(4);
      data.set(ValueLayout.JAVA_INT, 0, 77);

      assertThat(scratch.dma.write(0x10008, data)).isTrue();
      assertThat(low.segment().get(ValueLayout.JAVA_INT, 8)).isEqualTo(77);
      assertThat(scratch.dma.write(0, data)).as("not mapped").isFalse();

      device.attach(new RamDma(0x40000, high));
      assertThat(scratch.dma.read(0x10008, data)).as("replaced").isFalse();
      assertThat(scratch.dma.write(0x4fffc, data)).isTrue();
      assertThat(high.segment().get(ValueLayout.JAVA_INT, 0xfffc)).isEqualTo(77);
      assertThat(server.status().dmaMessages()).isZero();
      assertThat(server.status().dmaMaps()).isEqualTo(1);

      device.attach(DmaSpace.NONE);
      assertThat(scratch.dma.read(0x40000, data)).isFalse();
    }
  }

  @Test
  void theDeviceReachesGuestMemoryByMessage() {
    MemorySegment guest = Arena.ofShared().allocate(8192);
    device.attach(
        new DmaSpace() {
          @Override
          public boolean read(long iova, MemorySegment target) {
            return iova < 8192 && copy(guest, iova, target, 0, target.byteSize());
          }

          @Override
          public boolean write(long iova, MemorySegment source) {
            return iova < 8192 && copy(source, 0, guest, iova, source.byteSize());
          }
        });
    MemorySegment data = Arena.ofShared().allocate(4);
    data.set(ValueLayout.JAVA_INT, 0, 77);

    assertThat(scratch.dma.write(4096, data)).isTrue();
    assertThat(guest.get(ValueLayout.JAVA_INT, 4096)).isEqualTo(77);
    guest.set(ValueLayout.JAVA_INT, 0, 78);
    assertThat(scratch.dma.read(0, data)).isTrue();
    assertThat(data.get(ValueLayout.JAVA_INT, 0)).isEqualTo(78);
    assertThat(scratch.dma.read(9000, data)).isFalse();

    device.attach(DmaSpace.NONE);
    assertThat(scratch.dma.write(0, data)).isFalse();
  }

  private static boolean copy(
      MemorySegment from, long at, MemorySegment to, long toAt, long length) {
    MemorySegment.copy(from, at, to, toAt, length);
    return true;
  }

  @Test
  void resetReachesTheDevice() {
    device.reset();

    assertThat(scratch.resets).hasValue(1);
  }

  @Test
  void aServerThatGoesAwayFailsEveryCallAtOnce() {
    server.close();
    MemorySegment four = Arena.ofAuto().allocate(4);

    assertThat(device.read(0, 0, four)).isEqualTo(-Errno.EIO.number());
    RegionBacking.Trapped registers = (RegionBacking.Trapped) device.backing(0);
    assertThat(registers.handler().read(0, 4)).isEqualTo(0xffff_ffffL);
    assertThatThrownBy(device::reset).isInstanceOf(VfioException.class);
  }

  @Test
  void nobodyListeningIsSaidByName() {
    assertThatThrownBy(() -> VfioUserDevice.connect(folder.resolve("nobody")))
        .isInstanceOf(NativeException.class)
        .hasMessageContaining("nobody");
  }

  @Test
  void aServerThatDoesNotAnswerIsGivenUp() {
    OwnedFd silent = org.nvlink2vmm.vmm.nativeio.UnixSocket.listen(folder.resolve("silent"), 1);
    try (silent) {
      assertThatThrownBy(
              () ->
                  VfioUserDevice.connect(
                      folder.resolve("silent"), "silent", Duration.ofMillis(200)))
          .isInstanceOf(VfioException.class)
          .hasMessageContaining("VERSION");
    }
  }
}
