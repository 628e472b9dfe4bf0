package org.nvlink2vmm.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.nvlink2vmm.vmm.memory.RamBlock;
import org.nvlink2vmm.vmm.nativeio.Libc;
import org.nvlink2vmm.vmm.nativeio.OwnedFd;
import org.nvlink2vmm.vmm.nativeio.PollSet;
import org.nvlink2vmm.vmm.nativeio.SocketMessage;
import org.nvlink2vmm.vmm.nativeio.UnixSocket;
import org.nvlink2vmm.vmm.vfio.DirectDevice;
import org.nvlink2vmm.vmm.vfio.RegionBacking;
import org.nvlink2vmm.vmm.vfio.VfioDevice;
import org.nvlink2vmm.vmm.vfiouser.server.ServerOptions;
import org.nvlink2vmm.vmm.vfiouser.server.VfioUserServer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Round trips to a vfio-user server in this process, beside the same bytes thrown between two bare
 * sockets ({@code floor}). The client side makes no object either, so that what {@code -prof gc}
 * finds is the server's.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class VfioUserBench {
  private static final int HEADER = 16;
  private static final int ACCESS = 16;
  private static final long MEMORY = 4 << 20;

  /** Bytes of a read. */
  @Param({"4", "4096"})
  int size;

  @Param({"0", "50"})
  long spinMicros;

  private final SocketMessage sending = new SocketMessage(0);
  private final SocketMessage receiving = new SocketMessage(0);
  private final PollSet poll = new PollSet();
  private RamBlock memory;
  private VfioDevice device;
  private VfioUserServer server;
  private Path folder;
  private OwnedFd socket;
  private OwnedFd near;
  private Thread peer;
  private MemorySegment read;
  private MemorySegment unmap;
  private MemorySegment buffer;

  @Setup
  public void setUp() throws IOException {
    memory = RamBlock.ofPrivate("bench", MEMORY);
    device =
        DirectDevice.builder("bench")
            .bar(0, MEMORY, new RegionBacking.Direct(memory.segment()))
            .build();
    folder = Files.createTempDirectory("vmm-bench");
    ServerOptions options = ServerOptions.DEFAULT.withSpin(Duration.ofNanos(spinMicros * 1000));
    server = VfioUserServer.listen(folder.resolve("s"), device, options);
    socket = UnixSocket.connect(server.path());
    Arena arena = Arena.ofAuto();
    buffer = arena.allocate(1 << 16, 8);
    read = command(arena, 9, HEADER + ACCESS);
    read.set(ValueLayout.JAVA_INT, 28, size);
    unmap = command(arena, 3, HEADER + 24);
    unmap.set(ValueLayout.JAVA_INT, 16, 24);
    unmap.set(ValueLayout.JAVA_LONG, 32, 4096);
    MemorySegment version = command(arena, 1, HEADER + 4);
    poll.set(0, socket, PollSet.IN);
    roundTrip(socket, version, Integer.MAX_VALUE);
    List<OwnedFd> pair = UnixSocket.socketPair();
    near = pair.getFirst();
    peer = Thread.ofPlatform().daemon().start(() -> echo(pair.getLast(), size));
  }

  private static MemorySegment command(Arena arena, int number, int bytes) {
    MemorySegment message = arena.allocate(bytes, 8);
    message.set(ValueLayout.JAVA_SHORT, 2, (short) number);
    message.set(ValueLayout.JAVA_INT, 4, bytes);
    return message;
  }

  /** Answers every request with so many bytes, and looks at nothing. */
  private static void echo(OwnedFd far, int size) {
    PollSet wait = new PollSet();
    wait.set(0, far, PollSet.IN);
    SocketMessage in = new SocketMessage(0);
    SocketMessage out = new SocketMessage(0);
    MemorySegment bytes = Arena.ofAuto().allocate(1 << 16);
    MemorySegment reply = bytes.asSlice(0, HEADER + ACCESS + (long) size);
    while (true) {
      long got = in.receive(far, bytes);
      if (got == -Libc.EAGAIN) {
        wait.poll(-1);
      } else if (got <= 0 || out.send(far, reply, List.of()) < 0) {
        far.close();
        return;
      }
    }
  }

  private long roundTrip(OwnedFd to, MemorySegment request, int expected) {
    sending.send(to, request, List.of());
    long all = 0;
    while (all < expected) {
      long got = receiving.receive(to, buffer);
      if (got == -Libc.EAGAIN) {
        poll.set(0, to, PollSet.IN);
        poll.poll(-1);
        continue;
      }
      all += got;
      if (expected == Integer.MAX_VALUE) {
        break;
      }
    }
    return all;
  }

  @Benchmark
  public long floor() {
    return roundTrip(near, read, HEADER + ACCESS + size);
  }

  @Benchmark
  public long regionRead() {
    return roundTrip(socket, read, HEADER + ACCESS + size);
  }

  @Benchmark
  public long unmapOfNothing() {
    return roundTrip(socket, unmap, HEADER + 24);
  }

  @TearDown
  public void tearDown() throws IOException, InterruptedException {
    socket.close();
    near.close();
    peer.join();
    server.close();
    device.close();
    memory.close();
    Files.deleteIfExists(folder);
  }
}
