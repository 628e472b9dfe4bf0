package org.nvlink2vmm.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.memory.MmioHandler;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.PollSet;
import org.nvlink2vmm.vmm.nativeio.SocketMessage;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfiouser.client.VfioUserDevice;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A device behind a socket, as a guest's vCPU reaches it through the client, beside the same 4-byte
 * read as plain bytes on a socket to the same kind of server ({@code plain}). With {@code -prof
 * gc}: what an access allocates.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class VfioUserClientBench {
  private static final int REQUEST = 32;
  private static final int REPLY = 36;
  private static final long MEMORY = 4 << 20;

  private final SocketMessage sending = new SocketMessage(0);
  private final SocketMessage receiving = new SocketMessage(0);
  private final PollSet poll = new PollSet();
  private final MemorySegment word = Arena.ofAuto().allocate(4, 4);
  private final MemorySegment request = Arena.ofAuto().allocate(REQUEST, 8);
  private final MemorySegment reply = Arena.ofAuto().allocate(4096, 8);
  private RamBlock memory;
  private VfioDevice device;
  private VfioUserServer server;
  private VfioUserServer plainServer;
  private VfioUserDevice client;
  private MmioHandler registers;
  private OwnedFd socket;
  private Path folder;

  @Setup
  public void setUp() throws IOException {
    memory = RamBlock.ofPrivate("bench", MEMORY);
    device =
        DirectDevice.builder("bench")
            .bar(0, MEMORY, new RegionBacking.Direct(memory.segment()))
            .build();
    folder = Files.createTempDirectory("vmm-bench");
    server = VfioUserServer.listen(folder.resolve("c"), device);
    client = VfioUserDevice.connect(server.path());
    registers = ((RegionBacking.Trapped) client.backing(0)).handler();
    plainServer = VfioUserServer.listen(folder.resolve("p"), device);
    socket = UnixSocket.connect(plainServer.path());
    poll.set(0, socket, PollSet.IN);
    request.set(ValueLayout.JAVA_SHORT, 2, (short) 1);
    request.set(ValueLayout.JAVA_INT, 4, 20);
    sending.send(socket, request.asSlice(0, 20), List.of());
    receive(1);
    request.set(ValueLayout.JAVA_SHORT, 2, (short) 9);
    request.set(ValueLayout.JAVA_INT, 4, REQUEST);
    request.set(ValueLayout.JAVA_INT, 28, 4);
  }

  private long receive(long least) {
    long all = 0;
    while (all < least) {
      long got = receiving.receive(socket, reply);
      if (got == -Libc.EAGAIN) {
        poll.poll(-1);
      } else {
        all += got;
      }
    }
    return all;
  }

  @Benchmark
  public long plain() {
    sending.send(socket, request, List.of());
    return receive(REPLY);
  }

  @Benchmark
  public long read() {
    return client.read(0, 64, word);
  }

  @Benchmark
  public long write() {
    return client.write(0, 64, word);
  }

  @Benchmark
  public long register() {
    return registers.read(64, 4);
  }

  @TearDown
  public void tearDown() throws IOException {
    client.close();
    socket.close();
    server.close();
    plainServer.close();
    device.close();
    memory.close();
    Files.deleteIfExists(folder);
  }
}
