package org.nvlink2vmm.it.raw;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;

/** A client that sends and takes nothing: it holds up itself alone, and costs a bounded room. */
@Timeout(60)
class SlowClientIT extends ServerFixture {
  private static final int READ = 9;
  private static final int MIB = 1 << 20;
  private static final int REQUESTS = 3000;

  /** Asks for 3,000 MiB of data and takes nothing until the thread is told to. */
  private Thread askForTooMuch() {
    byte[] request = RegionAccessIT.access(0, 0, MIB);
    return Thread.ofPlatform()
        .start(
            () -> {
              for (int i = 0; i < REQUESTS && sent(i, request); i++) {
                Thread.onSpinWait();
              }
            });
  }

  private boolean sent(int id, byte[] request) {
    try {
      client.send(RawClient.message(id, READ, 0, request));
      return true;
    } catch (AssertionError _) {
      return false;
    }
  }

  /** Waits until the server handles nothing more; gives how much it has handled. */
  private long settled() throws InterruptedException {
    long before;
    long now = server.status().messages();
    do {
      before = now;
      Thread.sleep(300);
      now = server.status().messages();
    } while (now != before || now < 2);
    return now;
  }

  @Test
  void itsRepliesWaitInABoundedRoomAndOthersAreServed() throws Exception {
    Thread asking = askForTooMuch();
    long handled = settled();

    assertThat(handled).as("replies of 1 MiB that wait").isLessThan(8);
    try (ScratchDevice other = new ScratchDevice();
        VfioUserServer second = VfioUserServer.listen(folder.resolve("other"), other);
        RawClient quick = RawClient.attach(second.path())) {
      for (int i = 0; i < 200; i++) {
        assertThat(quick.errno(READ, RegionAccessIT.access(0, 0, 4096))).isZero();
      }
    }
    assertThat(server.status().messages()).isEqualTo(handled);
    server.close();
    asking.join();
  }

  @Test
  void aDevicesRequestsDoNotPileUpBehindIts() throws Exception {
    device.busMaster(true);
    assertThat(client.errno(2, RawClient.bytes(32).u32(32).u32(3).u64(0).u64(0).u64(MIB).array()))
        .isZero();
    byte[] command = RegionAccessIT.access(4, ScratchDevice.CONFIG, 2, (byte) 4, (byte) 0);
    assertThat(client.errno(10, command)).isZero();
    Thread asking = askForTooMuch();
    settled();

    MemorySegment data = Arena.ofShared().allocate(MIB);
    var moved = CompletableFuture.supplyAsync(() -> device.dma.write(0, data));

    assertThat(moved.get(60, TimeUnit.SECONDS)).isFalse();
    assertThat(server.status().dmaMessages()).as("sent to who takes nothing").isZero();
    server.close();
    asking.join();
  }
}
