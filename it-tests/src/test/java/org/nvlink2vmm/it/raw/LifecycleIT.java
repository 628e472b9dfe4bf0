package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.EventFd;
import org.nvlink2vmm.vmm.nativeio.NativeException;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;
import org.nvlink2vmm.vmm.vfiouser.server.ServerOptions;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/** Clients that come and go, and the socket that they come by. */
@Timeout(60)
class LifecycleIT extends ServerFixture {
  private static final byte[] INFO = RawClient.words(16, 0, 0, 0);

  private void awaitDetached() {
    while (server.status().attached()) {
      Thread.onSpinWait();
    }
  }

  @Test
  void theSocketIsItsOwnersAlone() throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(server.path())))
        .isEqualTo("rw-------");
  }

  @Test
  void theDeviceIsResetAndCutOffWhenItsClientLeaves() {
    try (RamBlock ram = RamBlock.ofShareable("guest", 4096);
        EventFd output = EventFd.create()) {
      byte[] map = RawClient.bytes(32).u32(32).u32(3).u64(0).u64(0).u64(4096).array();
      assertThat(client.errno(2, map, ram.fd().get())).isZero();
      assertThat(client.errno(8, RawClient.words(20, 0x24, 1, 0, 1), output.fd())).isZero();
      var before = device.sink;

      client.close();
      awaitDetached();
      before.trigger(1, 0);
      device.sink.trigger(1, 0);

      assertThat(output.take()).isZero();
      assertThat(device.resets).hasValue(1);
      assertThat(device.dma.write(0, ram.segment())).isFalse();
    }
  }

  @Test
  void aClientMayDieInTheMiddleOfAMessageAtAnyByte() {
    byte[] message = RawClient.message(1, 10, 0, RegionAccessIT.access(0, 0, 4, new byte[4]));
    for (int cut = 0; cut < message.length; cut++) {
      client.send(Arrays.copyOf(message, cut));
      client.close();
      awaitDetached();
      client = RawClient.attach(server.path());
    }
    assertThat(client.errno(4, INFO)).isZero();
  }

  @Test
  void descriptorsOfAMessageThatNeverEndsAreClosed() {
    try (EventFd output = EventFd.create()) {
      byte[] message = RawClient.message(1, 8, 0, RawClient.words(20, 0x24, 1, 0, 1));
      client.send(Arrays.copyOf(message, 20), output.fd());
    }
  }

  @Test
  void aSecondClientIsRefusedWhileOneIsAttached() {
    try (RawClient second = RawClient.connect(server.path())) {
      assertThat(second.isClosedByServer()).isTrue();
    }
    assertThat(client.errno(4, INFO)).isZero();
    assertThat(server.status().refusedClients()).isEqualTo(1);
  }

  @Test
  void aSecondClientWaitsWhenTheServerQueues() {
    ScratchDevice other = new ScratchDevice();
    ServerOptions queue = ServerOptions.DEFAULT.withSecondClient(ServerOptions.SecondClient.QUEUE);
    try (VfioUserServer queueing = VfioUserServer.listen(folder.resolve("q"), other, queue);
        RawClient first = RawClient.attach(queueing.path());
        RawClient second = RawClient.connect(queueing.path())) {
      second.post(1, 0, RawClient.version(0, 0, ""));
      assertThat(first.errno(4, INFO)).isZero();
      first.end();

      assertThat(second.receive().errno()).isZero();
      assertThat(second.errno(4, INFO)).isZero();
    }
    other.close();
  }

  @Test
  void withoutReconnectTheServerEndsWithItsClient() throws Exception {
    ScratchDevice other = new ScratchDevice();
    Path path = folder.resolve("once");
    try (VfioUserServer once =
        VfioUserServer.listen(path, other, ServerOptions.DEFAULT.withReconnect(false))) {
      RawClient.attach(path).close();

      once.await();

      assertThat(path).doesNotExist();
    }
    other.close();
  }

  @Test
  void closingTheServerSendsTheClientAwayAndDeletesTheSocket() {
    server.close();

    assertThat(client.isClosedByServer()).isTrue();
    assertThat(server.path()).doesNotExist();
  }

  @Test
  void aStaleSocketIsReplaced() {
    Path path = folder.resolve("stale");
    UnixSocket.listen(path, 1).close();
    assertThat(path).exists();

    try (VfioUserServer again = VfioUserServer.listen(path, device);
        RawClient other = RawClient.attach(path)) {
      assertThat(other.errno(4, INFO)).isZero();
      assertThat(again.status().attached()).isTrue();
    }
  }

  @Test
  void aSocketInUseAndAnotherFileAreLeftAlone() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "kept");

    assertThatThrownBy(() -> VfioUserServer.listen(server.path(), device))
        .isInstanceOf(NativeException.class)
        .hasMessageContaining(server.path().toString());
    assertThatThrownBy(() -> VfioUserServer.listen(file, device))
        .isInstanceOf(NativeException.class);
    assertThat(file).hasContent("kept");
    assertThat(server.path()).exists();
  }

  @Test
  void aPathThatIsTooLongIsRefusedByName() {
    Path path = folder.resolve("x".repeat(120));

    assertThatThrownBy(() -> VfioUserServer.listen(path, device))
        .isInstanceOf(NativeException.class)
        .hasMessageContaining("xxx");
  }

  @Test
  void severalServersServeSideBySide() {
    ScratchDevice other = new ScratchDevice();
    try (VfioUserServer second = VfioUserServer.listen(folder.resolve("2"), other);
        RawClient there = RawClient.attach(second.path())) {
      assertThat(there.errno(10, RegionAccessIT.access(0, 0, 1, (byte) 7))).isZero();
      assertThat(client.errno(4, INFO)).isZero();
      assertThat(other.registers[0]).isEqualTo((byte) 7);
      assertThat(device.registers[0]).isZero();
    }
    other.close();
  }

  @Test
  void aHundredClientsLeaveNothingBehind() {
    int before = OwnedFd.live();
    for (int i = 0; i < 100; i++) {
      client.close();
      awaitDetached();
      client = RawClient.attach(server.path());
    }
    assertThat(OwnedFd.live()).isEqualTo(before);
    assertThat(server.status().clients()).isEqualTo(101);
  }
}
